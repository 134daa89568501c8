package project

import (
	"context"
	"fmt"

	composecli "github.com/compose-spec/compose-go/v2/cli"
)

func load(ctx context.Context, o Options) (*Project, error) {
	po, err := composecli.NewProjectOptions(o.Files,
		composecli.WithWorkingDirectory(o.Dir), composecli.WithEnv(o.Environ),
		composecli.WithEnvFiles(o.EnvFiles...), composecli.WithDotEnv,
		composecli.WithConfigFileEnv, composecli.WithDefaultConfigPath,
		composecli.WithName(o.Name), composecli.WithProfiles(o.Profiles), composecli.WithNormalization(false))
	if err != nil {
		return nil, fmt.Errorf("reading the project's options: %w", err)
	}
	p, err := po.LoadProject(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading: %w", err)
	}
	return &Project{Compose: p, Files: p.ComposeFiles}, nil
}
