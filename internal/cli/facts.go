package cli

import (
	"context"

	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/render"
	"dce/internal/task"
)

// place says whose facts a pod is rendered with.
type place struct {
	environment string // --env
}

// pod is a loaded project with the facts to render it with.
type pod struct {
	project *project.Project
	input   render.Input
	// example says that literals stand for facts that nobody gave.
	example     bool
	environment string
}

// examplePorts is how many host ports interpolation sees before it is known how
// many the pod needs: the files decide that, and they may use ${PORT0}.
const examplePorts = 32

// load reads the project that the flags mean. Without a task it makes example
// facts.
func (a *app) load(ctx context.Context, at place, o project.Options) (*pod, error) {
	o.Environment = at.environment
	facts := task.Example(o.Name, examplePorts)
	o.TaskEnv = render.Environment(facts, render.Settings{})
	p, err := project.Load(ctx, o)
	if err != nil {
		return nil, err
	}
	facts = task.Example(p.Compose.Name, len(render.PublishedPorts(p.Compose)))
	facts.Version = a.env.Version
	facts.Job = p.Config.Job
	facts.Resources = p.Config.Resources
	settings := p.Config.Render
	settings.Cluster = true
	in := render.Input{Project: p.Compose, Task: facts, Settings: settings, Locate: p.Locate}
	in.Task.Hash = render.ContentHash(in)
	return &pod{project: p, input: in, example: true, environment: at.environment}, nil
}

// render applies the rules and shows what they have to say; it fails when the
// pod must not be run.
func (a *app) render(p *pod) (render.Result, error) {
	r := render.Render(p.input)
	all := append(append(diag.List{}, p.project.Warnings...), r.Diagnostics...)
	if all.HasErrors() {
		return r, all.Err()
	}
	a.ui().Warn(all)
	return r, nil
}
