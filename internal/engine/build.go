package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/client"

	"dce/internal/diag"
)

// build builds the images of the services given, with the engine's classic
// builder: it is there without a plugin and without a registry.
func (p *Pod) build(ctx context.Context, services []string) error {
	slices.Sort(services)
	project, err := withComposeLabels(p.spec.Project)
	if err != nil {
		return fmt.Errorf("labelling the project: %w", err)
	}
	var refused diag.List
	for _, name := range services {
		refused = append(refused, unbuildable(name, project.Services[name].Build)...)
	}
	if refused.HasErrors() {
		return refused.Err()
	}
	compose, err := p.compose(builder{p.engine.api})
	if err != nil {
		return err
	}
	if err := compose.Build(ctx, project, api.BuildOptions{Services: services}); err != nil {
		return buildFailed(ctx, err, about{host: p.engine.Host()})
	}
	return nil
}

// builder is the client that compose builds through.
type builder struct{ client.APIClient }

// ImageBuild has the engine remove the containers of a build that failed or
// was given up, too.
func (b builder) ImageBuild(ctx context.Context, in io.Reader, o client.ImageBuildOptions) (client.ImageBuildResult, error) {
	o.Remove, o.ForceRemove = true, true
	return b.APIClient.ImageBuild(ctx, in, o)
}

// unbuildable lists what the classic builder cannot do. It ignores
// dockerfile_inline where a Dockerfile lies beside, so that the wrong image
// would be built without a word.
func unbuildable(service string, b *types.BuildConfig) diag.List {
	if b == nil {
		return nil
	}
	var keys []string
	for key, used := range map[string]bool{
		"dockerfile_inline":   b.DockerfileInline != "",
		"secrets":             len(b.Secrets) > 0,
		"ssh":                 len(b.SSH) > 0,
		"additional_contexts": len(b.AdditionalContexts) > 0,
		"platforms":           len(b.Platforms) > 1,
		"privileged":          b.Privileged,
	} {
		if used {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var refused diag.List
	for _, key := range keys {
		refused = append(refused, diag.Diagnostic{
			Code:    "DCE318",
			Summary: fmt.Sprintf("service %s: the classic builder cannot do build.%s", service, key),
			Detail:  "dce builds with the builder that every engine has; this key needs BuildKit",
			Hint:    "build the image with docker buildx build, and name it with image: in the compose file",
		})
	}
	return refused
}

func buildFailed(ctx context.Context, err error, a about) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if d, ok := connectionTrouble(err, a); ok {
		d.Cause = err
		return diag.Fail(d)
	}
	if d, ok := hostTrouble(err, a); ok {
		d.Cause = err
		return diag.Fail(d)
	}
	return diag.Fail(diag.Diagnostic{
		Code: "DCE317", Summary: "building failed: " + words(err),
		Hint:  "the builder's own output above says at which step",
		Cause: errors.Unwrap(err),
	})
}
