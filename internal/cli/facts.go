package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dce/internal/diag"
	"dce/internal/executor"
	"dce/internal/local"
	"dce/internal/project"
	"dce/internal/render"
	"dce/internal/task"
)

// place says whose facts a pod is rendered with.
type place struct {
	environment string // --env
	taskFile    string // --task
	local       bool   // --local
}

// pod is a loaded project with the facts to render it with.
type pod struct {
	project *project.Project
	input   render.Input
	// example says that literals stand for facts that nobody gave.
	example bool
	// unpacked is where the files of a task were unpacked, to be removed by close.
	unpacked string
	place
}

func (p *pod) close() {
	if p != nil && p.unpacked != "" {
		_ = os.RemoveAll(p.unpacked) // what is left is the system's to clean
	}
}

// examplePorts is how many host ports interpolation sees before it is known how
// many the pod needs: the files decide that, and they may use ${PORT0}.
const examplePorts = 32

// load reads the project that the flags mean, with the facts of a task or
// example ones.
func (a *app) load(ctx context.Context, at place, o project.Options) (*pod, error) {
	o.Environment = at.environment
	if at.local {
		return a.loadLocal(ctx, at, o)
	}
	if at.taskFile != "" {
		return a.loadTask(ctx, at, o)
	}
	o.TaskEnv = task.Interpolation(task.Example(o.Name, examplePorts), render.Settings{})
	p, err := project.Load(ctx, o)
	if err != nil {
		return nil, err
	}
	facts := task.Example(p.Compose.Name, len(render.PublishedPorts(p.Compose)))
	facts.Version = a.env.Version
	facts.Job = p.Config.Job
	facts.Resources = p.Config.Resources
	settings := p.Config.Render
	settings.Cluster = at.environment != "" && !p.Config.Target.IsZero()
	in := render.Input{Project: p.Compose, Task: facts, Settings: settings, Locate: p.Locate}
	in.Task.Hash = render.ContentHash(in)
	return &pod{project: p, input: in, example: true, place: at}, nil
}

// loadLocal takes the facts that `up --local` gives where nothing is in the
// way: the machine is not asked.
func (a *app) loadLocal(ctx context.Context, at place, o project.Options) (*pod, error) {
	plan, err := local.NewPlan(ctx, local.UpOptions{Project: o, Version: a.env.Version})
	if err != nil {
		return nil, err
	}
	dirs, err := local.FindDirs(a.getenv, os.Getuid())
	if err != nil {
		return nil, err
	}
	p, in, err := plan.Preview(dirs)
	if err != nil {
		return nil, err
	}
	return &pod{project: p, input: in, example: true, place: at}, nil
}

// loadTask takes the facts of a real task. Those of a sandbox are complete; a
// TaskInfo alone leaves to examples what only an agent knows.
func (a *app) loadTask(ctx context.Context, at place, o project.Options) (*pod, error) {
	f, err := a.readTaskFile(at.taskFile)
	if err != nil {
		return nil, err
	}
	result := &pod{place: at, example: f.Bare}
	if f.Bare && len(o.Files) == 0 {
		if result.unpacked, err = a.unpack(&f.Task, &o); err != nil {
			return nil, err
		}
	}
	seen := f.Task
	if f.Bare {
		seen = task.Complete(seen, examplePorts)
	}
	o.TaskEnv = task.Interpolation(seen, render.Settings{}) // its executor had no others when it read the files
	if err := a.ownFiles(f, &o, true); err != nil {
		return nil, err
	}
	p, err := project.Load(ctx, o)
	if err != nil {
		result.close()
		return nil, err
	}
	project.Move(p.Compose, result.unpacked, seen.Sandbox)
	in := render.Input{Project: p.Compose, Task: f.Task, Settings: f.Settings, Locate: p.Locate}
	if f.Bare {
		in.Settings = p.Config.Render
		in.Task = task.Complete(f.Task, len(render.PublishedPorts(p.Compose)))
		in.Task.Version, in.Task.Job = a.env.Version, in.Task.Job || p.Config.Job
	}
	in.Settings.Cluster = in.Task.Front == render.FrontMesos
	if in.Task.Hash == "" {
		in.Task.Hash = render.ContentHash(in)
	}
	result.project, result.input = p, in
	return result, nil
}

// unpack puts the files that a task brings with it into a directory of their
// own, and lets the project be loaded from there; "" for a task that brings
// none.
func (a *app) unpack(t *render.Task, o *project.Options) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "dce-task-"); err != nil {
		return "", fmt.Errorf("making a directory for the files of the task: %w", err)
	}
	labels := t.Labels
	brings, err := executor.Unpack(t, dir, a.fetchedBundle)
	if brings && err == nil {
		brings, err = executor.Shipped(dir, labels, o, true)
	}
	if !brings || err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// unpackToRun does the same for a pod that is to run here: its files stay as long
// as it does, and its secrets must be on this machine. It is nil for a task that
// brings none.
func (a *app) unpackToRun(t *render.Task, name string, o *project.Options) (*local.Sandbox, error) {
	if !executor.Bundled(t.Labels) {
		return nil, nil
	}
	dirs, err := local.FindDirs(a.getenv, os.Getuid())
	if err != nil {
		return nil, err
	}
	labels := t.Labels
	s, err := dirs.Unpack(local.IDOfTask(*t, name), executor.Digest(labels), func(dir string) error {
		_, err := executor.Unpack(t, dir, a.fetchedBundle)
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = executor.Shipped(s.Dir, labels, o, false)
	return s, err
}

// fetchedBundle reads the bundle that an agent would fetch.
func (a *app) fetchedBundle(name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(a.env.Dir, filepath.Base(name)))
	if err != nil {
		return nil, diag.Fail(diag.Diagnostic{
			Code: "DCE249", Summary: fmt.Sprintf("the files of the task are in %s, which is not here", filepath.Base(name)), Cause: err,
			Detail: "Its bundle does not travel in a label: the agent fetches it, from a URI of the app's fetch that ends in this name.",
			Hint:   "download it into this directory, or run this with dce-task.json in the sandbox of the task",
		})
	}
	return data, nil
}

// ownFiles finds the files of a task: those named on the command line; in a
// sandbox, those that were run there.
// A pod that is only looked at has something in the place of secrets that this
// machine has not.
func (a *app) ownFiles(f task.File, o *project.Options, look bool) error {
	if f.Bare {
		return nil // they are unpacked
	}
	if len(o.Files) == 0 {
		if err := a.filesOfSandbox(f.Task.Labels, o, look); err != nil {
			return err
		}
	}
	o.Environ = ofTask(f.Settings.Secrets, o.Environ)
	return withheld(f, o, look)
}

func (a *app) filesOfSandbox(labels map[string]string, o *project.Options, look bool) error {
	shipped, err := executor.Shipped(a.env.Dir, labels, o, look)
	if shipped || err != nil {
		return err
	}
	o.Files, err = executor.Files(labels)
	return err
}

// withheld sees to the secrets whose values the facts of a task leave out: whoever
// only looks has something in their place, and whoever runs the pod must have them.
func withheld(f task.File, o *project.Options, look bool) error {
	var missing diag.List
	for _, name := range f.Withheld {
		switch {
		case slices.ContainsFunc(o.Environ, func(pair string) bool { return strings.HasPrefix(pair, name+"=") }):
		case look:
			o.TaskEnv[name] = project.SecretOnAgent
		default:
			missing = append(missing, diag.Diagnostic{
				Code: "DCE157", Summary: fmt.Sprintf("the task had a secret in the variable %s, which is not set here", name),
				Detail: "dce-task.json names the secrets of a task, and leaves their values out.",
				Hint:   fmt.Sprintf("set it for this run: %s=... dce up --local --task FILE", name),
			})
		}
	}
	return missing.Err()
}

// ofTask is what of this machine's environment a task of a sandbox may have: dce's own
// settings, and the secrets, which its facts do not hold. Any other variable that is
// set here by chance (HOME, DOCKER_TAG) its executor has not seen.
func ofTask(secrets, environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return !strings.HasPrefix(name, "DCE_") && !slices.Contains(secrets, name)
	})
}

// readTaskFile reads the facts after --task; "-" is stdin.
func (a *app) readTaskFile(name string) (task.File, error) {
	data, err := a.readInput(name)
	if err != nil {
		return task.File{}, diag.Fail(diag.Diagnostic{
			Code: "DCE249", Summary: "cannot read " + name, Detail: err.Error(),
			Hint: "give dce-task.json of a sandbox, or a TaskInfo as JSON or protobuf", Cause: err,
		})
	}
	return task.Decode(name, data)
}

func (a *app) readInput(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.env.Stdin)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(a.env.Dir, name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the task: %w", err)
	}
	return data, nil
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
