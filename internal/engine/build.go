package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/cli/cli/streams"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/client"

	"dce/internal/diag"
	"dce/internal/progress"
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
	b := &builder{APIClient: p.engine.api, to: p.spec.Progress}
	compose, err := p.composeWith(quietCLI{composeCLI{p.engine.cli, b}})
	if err != nil {
		return err
	}
	if err := compose.Build(ctx, project, api.BuildOptions{Services: services}); err != nil {
		return b.failure(ctx, err, services, about{host: p.engine.Host(), project: project})
	}
	return nil
}

// builder is the client that compose builds through. It reads along, since what
// compose would print of several images at once, nobody can read.
type builder struct {
	client.APIClient
	to progress.Sink

	mu   sync.Mutex
	logs []*buildLog
}

// ImageBuild has the engine remove the containers of a build that failed or
// was given up, too.
func (b *builder) ImageBuild(ctx context.Context, in io.Reader, o client.ImageBuildOptions) (client.ImageBuildResult, error) {
	o.Remove, o.ForceRemove = true, true
	l := &buildLog{to: b.to}
	if len(o.Tags) > 0 {
		l.image = o.Tags[len(o.Tags)-1] // compose adds the image's name to the tags of the file
	}
	b.mu.Lock()
	b.logs = append(b.logs, l)
	b.mu.Unlock()
	res, err := b.APIClient.ImageBuild(ctx, in, o)
	if err != nil {
		l.refuse()
		return res, err
	}
	res.Body = follow(res.Body, l)
	return res, nil
}

// quietCLI prints nothing: the builder's output comes as progress.
type quietCLI struct{ composeCLI }

// Out implements command.Cli.
func (quietCLI) Out() *streams.Out { return streams.NewOut(io.Discard) }

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
			Subject: []string{"services", service, "build", key},
			Summary: fmt.Sprintf("service %s: the classic builder cannot do build.%s", service, key),
			Detail:  "dce builds with the builder that every engine has; this key needs BuildKit",
			Hint:    "build the image with docker buildx build, and name it with image: in the compose file",
		})
	}
	return refused
}

// failure says why the images could not be built, and of which service the one
// is that failed.
func (b *builder) failure(ctx context.Context, err error, services []string, a about) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	image, lines := b.failed()
	a.service = buildsImage(a.project, image)
	if len(services) == 1 { // it may not have come as far as the engine
		a.service = services[0]
	}
	for _, known := range []func(error, about) (diag.Diagnostic, bool){connectionTrouble, hostTrouble} {
		if d, ok := known(err, a); ok {
			d.Cause = err
			return diag.Fail(d)
		}
	}
	d := diag.Diagnostic{
		Code: "DCE317", Summary: "building" + forImage(image) + " failed: " + words(err), Subject: a.subject("build"),
		Hint:  "correct its Dockerfile, or what it copies, and run the same again",
		Cause: errors.Unwrap(err),
	}
	if len(lines) > 0 {
		d.Detail = "the builder said last:\n  " + strings.Join(lines, "\n  ")
		d.Hint = "correct that step of its Dockerfile, or what it copies, and run the same again"
	}
	return diag.Fail(d)
}

func forImage(image string) string {
	if image == "" {
		return ""
	}
	return " image " + image
}

// failed is the image whose build did, and what the builder said of it last.
func (b *builder) failed() (image string, lines []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.logs {
		if lines, failed := l.last(); failed {
			return l.image, lines
		}
	}
	return "", nil
}

// buildsImage is the first service that builds an image, empty when none does.
func buildsImage(p *types.Project, image string) string {
	for _, name := range p.ServiceNames() {
		if s := p.Services[name]; s.Build != nil && image != "" && api.GetImageNameOrDefault(s, p.Name) == image {
			return name
		}
	}
	return ""
}
