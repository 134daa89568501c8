package local

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"dce/internal/diag"
	"dce/internal/life"
	"dce/internal/pod"
	"dce/internal/project"
	"dce/internal/render"
	"dce/internal/task"
)

// UpOptions are what `dce up --local` was asked for.
type UpOptions struct {
	// Project says what to load, with the environment and the services asked for.
	Project project.Options
	// Name starts another pod of the same files beside the first.
	Name string
	// Task are facts from elsewhere, read from a file; nil has them made up.
	Task *task.File
	// Sandbox holds the files that the task brings with it; nil where it brings
	// none.
	Sandbox *Sandbox
	// Ports is how host ports are chosen; empty is what dce.yaml says.
	Ports Ports
	// CPUs and MemMB are the pod's allocation; zero is what dce.yaml says.
	CPUs, MemMB float64
	// Pull is "always", "missing" or "never"; NoBuild leaves build sections alone.
	Pull    string
	NoBuild bool
	Build   bool
	// AbortOnExit is "any", "failure" or "never"; empty is what an agent does.
	AbortOnExit string
	// ExitCodeFrom is the service whose exit code becomes ours.
	ExitCodeFrom string
	// Keep leaves the containers for inspection.
	Keep bool
	// Detach goes on in the background; WaitFor bounds the time until the pod
	// runs, zero is what dce.yaml says.
	Detach  bool
	WaitFor time.Duration
	// Version is that of this dce, for a label.
	Version string
}

// Plan is a loaded pod that has an id and its facts, but neither ports nor a
// keeper yet. Nothing has been contacted.
type Plan struct {
	ID       string
	Warnings diag.List

	options UpOptions
	project *project.Project
	task    render.Task
	ports   []render.PortRequest
	// given says that the host ports are those of a task from elsewhere.
	given bool
}

// NewPlan loads the project and settles which pod is meant. Its error carries
// every problem found.
func NewPlan(ctx context.Context, o UpOptions) (*Plan, error) {
	if o.Name != "" {
		if err := checkName(o.Name); err != nil {
			return nil, err
		}
	}
	o.Project.TaskEnv = seen(o.Task)
	loaded, err := project.Load(ctx, o.Project)
	if err != nil {
		return nil, err
	}
	if s := o.ExitCodeFrom; s != "" {
		if _, ok := loaded.Compose.Services[s]; !ok {
			return nil, unknownService(s, loaded.Compose.ServiceNames())
		}
	}
	p := &Plan{options: o, project: loaded, Warnings: loaded.Warnings}
	p.facts()
	p.ports = render.PublishedPorts(loaded.Compose)
	p.given = len(p.task.Ports) > 0
	p.task.Hash = p.contentHash()
	return p, nil
}

// Runnable says why the pod cannot run here, for what its files lead to; who only
// looks at it can do without.
func (p *Plan) Runnable() error { return p.project.Unavailable().Err() }

// contentHash is that of the pod's content. The pod of a task is the one that
// its agent has run, wherever its files are by now.
func (p *Plan) contentHash() string {
	in := p.input()
	if o := p.options; o.Task != nil && !o.Task.Bare && o.Name == "" {
		in.Task.Front = o.Task.Task.Front
	}
	return render.ContentHash(in)
}

// facts makes up the task's, or takes those of the file.
func (p *Plan) facts() {
	o, config := p.options, p.project.Config
	p.ID = podID(p.project.Compose.Name, o.Project.Environment, o.Name)
	if o.Task != nil {
		p.task = o.Task.Task
	}
	if o.Task != nil && o.Name == "" {
		p.ID = IDOfTask(p.task, "")
	}
	if o.Task == nil || o.Name != "" {
		p.task.ID, p.task.Name = p.ID, p.project.Compose.Name
	}
	if o.Task == nil {
		p.task.ExecutorID = p.ID
		p.task.Job = config.Job
		p.task.Resources = config.Resources
	}
	// Whatever task it is, this machine's user runs it: no sweeper may take it
	// for the orphan of an executor.
	p.task.Front, p.task.PodID, p.task.Version = render.FrontLocal, p.ID, o.Version
	if o.CPUs > 0 {
		p.task.Resources.CPUs = o.CPUs
	}
	if o.MemMB > 0 {
		p.task.Resources.MemMB = o.MemMB
	}
}

// examplePorts is how many host ports interpolation sees before it is known how
// many the pod needs.
const examplePorts = 32

// seen is what interpolation sees of a task. Ports that are not known yet are
// examples: the files are read again when they are.
func seen(f *task.File) map[string]string {
	if f == nil {
		return task.Interpolation(task.Example("", examplePorts), render.Settings{})
	}
	if f.Bare {
		return task.Interpolation(task.Complete(f.Task, examplePorts), f.Settings)
	}
	return task.Interpolation(f.Task, render.Settings{}) // its executor had no others when it read the files
}

// settled reads the files again when they use a fact that was not known at
// first: the host ports, the ids.
func (p *Plan) settled(ctx context.Context) error {
	if p.given || !p.usesFacts() {
		return nil
	}
	o := p.options.Project
	o.TaskEnv = task.Interpolation(p.task, p.settings())
	loaded, err := project.Load(ctx, o)
	if err != nil {
		return err
	}
	p.project = loaded
	return nil
}

// usesFacts reports whether a compose file may interpolate a host port or an
// id. A file that cannot be read counts as one that does.
func (p *Plan) usesFacts() bool {
	return slices.ContainsFunc(p.project.Files, func(name string) bool {
		text, err := os.ReadFile(name)
		return err != nil || bytes.Contains(text, []byte("PORT")) || bytes.Contains(text, []byte("MESOS_"))
	})
}

func (p *Plan) settings() render.Settings {
	if p.options.Task != nil && !p.options.Task.Bare {
		return p.options.Task.Settings
	}
	return p.project.Config.Render
}

func (p *Plan) input() render.Input {
	return render.Input{Project: p.project.Compose, Task: p.task, Settings: p.settings(), Locate: p.project.Locate}
}

// Hash is that of the pod's content: a second `up` of the same has the same.
func (p *Plan) Hash() string { return p.task.Hash }

// rules are how the pod lives: as on an agent, but for what was asked for.
func (p *Plan) rules(r render.Result) pod.Rules {
	o := p.options
	rules := life.Rules(r.Project, p.task.Job, p.project.Config)
	rules.Keep = o.Keep
	if o.WaitFor > 0 {
		rules.LaunchTimeout = o.WaitFor
	}
	switch o.AbortOnExit {
	case "any":
		rules.AbortOnExit = true
	case "never":
		rules.Tolerate = true
	}
	return rules
}

// render renders the pod with all of its facts, and loads nothing from disk.
func (p *Plan) render() (render.Result, []byte, error) {
	r := render.Render(p.input())
	if err := r.Diagnostics.Err(); err != nil {
		return r, nil, err
	}
	bytes, err := r.YAML()
	if err != nil {
		return r, nil, fmt.Errorf("writing the rendered pod: %w", err)
	}
	return r, bytes, nil
}

// Services are the names of the pod's services.
func (p *Plan) Services() []string { return p.project.Compose.ServiceNames() }
