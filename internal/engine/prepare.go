package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"dce/internal/diag"
	"dce/internal/engine/infra"
	"dce/internal/render"
)

// infraImage is the image that Prepare makes on the engine itself.
const infraImage = render.BuiltinInfraImage

// Prepare implements supervisor.Engine: what the pod refers to must exist, and
// its images must be there. All problems are reported at once.
func (p *Pod) Prepare(ctx context.Context) error {
	work := []func(context.Context) error{p.checkContainers, p.checkOwn, p.checkExternal, p.provideInfra, p.provideImages}
	failures := make([]error, len(work))
	var doing sync.WaitGroup
	for i, f := range work {
		doing.Go(func() { failures[i] = f(ctx) })
	}
	doing.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return together(failures)
}

// together makes one error of several: all their diagnostics, if they are that.
func together(failures []error) error {
	var all diag.List
	var other []error
	for _, err := range failures {
		if list, ok := diag.Of(err); ok {
			all = append(all, list...)
			continue
		}
		other = append(other, err)
	}
	if err := errors.Join(other...); err != nil {
		return errors.Join(err, all.Err())
	}
	return all.Err()
}

// checkExternal looks for the volumes and networks that the pod uses and does
// not make.
func (p *Pod) checkExternal(ctx context.Context) error {
	var missing diag.List
	project := p.spec.Project
	for _, key := range project.VolumeNames() {
		v := project.Volumes[key]
		there, err := p.there(ctx, bool(v.External), func(ctx context.Context) error {
			_, err := p.engine.api.VolumeInspect(ctx, v.Name, client.VolumeInspectOptions{})
			return err
		})
		if err != nil {
			return err
		}
		if !there {
			missing = append(missing, externalMissing("volume", key, v.Name, p.users(key, "")))
		}
	}
	for _, key := range project.NetworkNames() {
		n := project.Networks[key]
		there, err := p.there(ctx, bool(n.External), func(ctx context.Context) error {
			_, err := p.engine.api.NetworkInspect(ctx, n.Name, client.NetworkInspectOptions{})
			return err
		})
		if err != nil {
			return err
		}
		if !there {
			missing = append(missing, externalMissing("network", key, n.Name, p.users("", key)))
		}
	}
	return missing.Err()
}

// there asks the engine for a thing that the pod does not make.
func (p *Pod) there(ctx context.Context, external bool, look func(context.Context) error) (bool, error) {
	if !external {
		return true, nil
	}
	call, cancel := p.bounded(ctx)
	defer cancel()
	err := look(call)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	return true, classify(err, about{host: p.engine.Host()})
}

// users are the services of the compose file that use a volume or a network of
// the project.
func (p *Pod) users(volume, network string) []string {
	var names []string
	for _, name := range p.spec.Project.ServiceNames() {
		s := p.spec.Project.Services[name]
		_, joins := s.Networks[network]
		for _, v := range s.Volumes {
			joins = joins || volume != "" && v.Source == volume
		}
		if joins && s.Labels[render.LabelInfra] == "" {
			names = append(names, name)
		}
	}
	return names
}

func externalMissing(kind, key, name string, users []string) diag.Diagnostic {
	d := diag.Diagnostic{
		Code:    "DCE325",
		Summary: fmt.Sprintf("external %s %s does not exist on the engine", kind, name),
		Detail:  "the compose file says that it is there already (external: true), so dce does not make it",
		Subject: []string{kind + "s", key},
		Hint:    fmt.Sprintf("docker %s create %s; or take external: true away, and the pod makes its own", kind, name),
	}
	if kind == "network" {
		d.Code = "DCE326"
	}
	if len(users) > 0 {
		d.Summary += ", needed by " + strings.Join(users, ", ")
	}
	return d
}

// provideInfra makes the built-in infra image on the engine where it is not
// yet. Without it compose would ask a registry for it.
func (p *Pod) provideInfra(ctx context.Context) error {
	if !slices.Contains(p.imageNames(), infraImage) {
		return nil
	}
	if err := p.engine.loadInfra(ctx); err != nil {
		return classify(err, about{host: p.engine.Host(), image: infraImage})
	}
	return nil
}

func (p *Pod) imageNames() []string {
	var names []string
	for _, name := range p.spec.Project.ServiceNames() {
		names = append(names, p.spec.Project.Services[name].Image)
	}
	return names
}

func (e *Engine) loadInfra(ctx context.Context) error {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	have, err := e.api.ImageInspect(ctx, infraImage)
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("looking for the infra image: %w", err)
	}
	if err == nil && have.Config != nil {
		if sum, err := infra.Sum(have.Architecture); err == nil && have.Config.Labels[infra.LabelProgram] == sum {
			return nil
		}
	}
	info, err := e.Info(ctx)
	if err != nil {
		return err
	}
	archive, err := infra.Archive(info.Arch, infraImage)
	if err != nil {
		return err
	}
	res, err := e.api.ImageLoad(ctx, bytes.NewReader(archive), client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("loading the infra image: %w", err)
	}
	defer res.Close()
	if _, err := io.Copy(io.Discard, res); err != nil { // the image is there when the answer has ended
		return fmt.Errorf("loading the infra image: %w", err)
	}
	return nil
}
