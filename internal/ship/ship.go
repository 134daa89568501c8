// Package ship goes from a project and an environment to what is sent to a
// cluster: the app for the scheduler, the bundle of the pod's files, and what
// must be uploaded before. It reads files and settings; it sends nothing.
package ship

import (
	"cmp"
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"dce/internal/bundle"
	"dce/internal/cluster/marathon"
	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/registry"
	"dce/internal/render"
	"dce/internal/task"
)

// Options say what is shipped. Project.Environment is needed.
type Options struct {
	Project project.Options
	Version string
	// Labels are added to the app: who deploys, and why.
	Labels map[string]string
	// Instances is the number of pods, nil for the setting's.
	Instances *int
	// Registry is asked for images; it must be given for Lock, and where the
	// project wants its images locked.
	Registry Registry
	// Lock gives every image its digest.
	Lock bool
}

// Registry asks for images; there is an answer for each reference.
type Registry interface {
	Digests(ctx context.Context, references []string) map[string]registry.Answer
}

// Shipment is a pod that is ready to be sent.
type Shipment struct {
	App    marathon.App
	Bundle bundle.Bundle
	// Uploads are to be done before the app is sent; none where the bundle
	// travels in a label.
	Uploads []Upload
	Target  project.Target
	Config  project.Config
	Project *project.Project
	// Rendered is the pod with example facts: what its services are, for people.
	Rendered render.Result
	// Warnings are problems that stop nothing.
	Warnings diag.List
	// Locate finds where in the input files a value of the app stands, by its path
	// in the app, as Marathon's errors have it ("/cpus", "/fetch(0)/uri").
	Locate func(path string) diag.Pos
}

// Upload is a file that is put at an artifact URL.
type Upload struct {
	URL         string
	Data        []byte
	Credentials project.Credentials
}

// Prepare loads, checks and packs. Its error carries every problem found
// (diag.Of); nothing has been sent then.
func Prepare(ctx context.Context, o Options) (*Shipment, error) {
	l, err := load(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Lock || l.config().App.Images == project.ImagesLock {
		if err := l.lock(ctx, o.Registry); err != nil {
			return nil, err
		}
	}
	secrets := l.secrets()
	l.credentials(ctx, o.Project.Environ, secrets)
	packed, err := l.pack(o, secrets)
	if err != nil {
		return nil, err
	}
	s := &Shipment{
		Bundle: packed, Target: l.config().Target, Config: l.config(), Project: l.project, Rendered: l.rendered, Locate: l.locateInApp,
	}
	in := l.input(o, secrets)
	if in.Bundle, err = l.travel(s); err != nil {
		return nil, err
	}
	app, problems := marathon.Build(in)
	l.warnings = slices.Concat(l.warnings, problems, secrets.problems, secrets.leaks(app, packed))
	if err := l.warnings.Err(); err != nil {
		return nil, err
	}
	s.App, s.Warnings = app, l.warnings.Sorted()
	return s, nil
}

// loaded is a project on its way to a shipment.
type loaded struct {
	project  *project.Project
	rendered render.Result
	ports    []render.PortRequest
	parts    project.Parts
	images   map[string]string
	uploaded bool // the bundle travels as a file
	warnings diag.List
}

func (l *loaded) config() project.Config { return l.project.Config }

// examplePorts is how many host ports interpolation sees before it is known how
// many the pod needs.
const examplePorts = 32

// load reads the project and renders it with example facts, to see what it is
// and whether an agent could.
func load(ctx context.Context, o Options) (*loaded, error) {
	po := o.Project
	po.Deploy = true
	po.TaskEnv = task.Interpolation(task.Example(po.Name, examplePorts), render.Settings{})
	p, err := project.Load(ctx, po)
	if err != nil {
		return nil, err
	}
	l := &loaded{project: p, parts: p.Parts(), images: po.Images}
	if err := l.checkPlace(po.Environment); err != nil {
		return nil, err
	}
	l.ports = render.PublishedPorts(p.Compose)
	facts := task.Example(p.Compose.Name, len(l.ports))
	facts.Resources, facts.Job, facts.Version = p.Config.Resources, p.Config.Job, o.Version
	settings := p.Config.Render
	settings.Cluster, settings.Secrets = true, l.parts.Keys
	in := render.Input{Project: p.Compose, Task: facts, Settings: settings, Locate: p.Locate}
	in.Task.Hash = render.ContentHash(in)
	l.rendered = render.Render(in)
	l.warnings = slices.Concat(p.Warnings, l.rendered.Diagnostics, l.tooSmall())
	return l, l.warnings.Err()
}

// input is what the app is made of.
func (l *loaded) input(o Options, secrets *secretPlan) marathon.Input {
	c := l.config()
	in := marathon.Input{
		Project: l.project.Compose.Name, Environment: o.Project.Environment, Version: o.Version,
		ID: c.App.ID, Instances: c.App.Instances, Resources: l.resources(), Overhead: resourcesOf(c.Overhead),
		ExecutorPath: c.Target.ExecutorPath, ExecutorURIs: c.Target.ExecutorURIs,
		Ports: l.appPorts(), KillGrace: cmp.Or(c.App.KillGrace, killGrace(l.rendered.Project)),
		Constraints: c.App.Constraints, Role: c.App.Role, AcceptedRoles: c.App.AcceptedRoles,
		MinHealthy: c.App.MinHealthy, MaxOver: c.App.MaxOver, Labels: map[string]string{},
		Env: c.App.Env, Fetch: c.App.Fetch, SecretEnv: secrets.marathon, Images: images(l.rendered), Raw: c.App.Marathon,
		Locate: l.locateSetting,
	}
	for _, labels := range []map[string]string{c.App.Labels, o.Labels} {
		maps.Copy(in.Labels, labels)
	}
	if o.Instances != nil {
		in.Instances = *o.Instances
	}
	if h := c.App.Health; h.Check == project.HealthDocker {
		in.Health = &marathon.Health{Grace: h.Grace, Interval: h.Interval, Timeout: h.Timeout, Failures: h.Failures}
	}
	return in
}

func resourcesOf(r render.Resources) marathon.Resources {
	return marathon.Resources{CPUs: r.CPUs, Mem: r.MemMB, Disk: r.DiskMB}
}

// travel settles how the bundle gets to the agents.
func (l *loaded) travel(s *Shipment) (marathon.Bundle, error) {
	b := marathon.Bundle{Digest: s.Bundle.Digest}
	if len(s.Bundle.Data) <= s.Target.Artifacts.Inline {
		b.Inline = base64.StdEncoding.EncodeToString(s.Bundle.Data)
		return b, nil
	}
	a := s.Target.Artifacts
	if a.URL == "" {
		return b, diag.Fail(notInline(s.Bundle, a.Inline, l.locateSetting("target.artifacts.url")))
	}
	l.uploaded = true
	name := l.project.Compose.Name + "-" + strings.TrimPrefix(s.Bundle.Digest, "sha256:")[:16] + ".dce"
	s.Uploads = []Upload{{URL: strings.TrimRight(a.URL, "/") + "/" + name, Data: s.Bundle.Data, Credentials: a.Credentials}}
	b.URI = strings.TrimRight(cmp.Or(a.FetchURL, a.URL), "/") + "/" + name
	return b, nil
}
