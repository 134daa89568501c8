package cli

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/diag"
	"dce/internal/local"
	"dce/internal/project"
)

// upFlags are what `dce up` takes.
type upFlags struct {
	here

	name, task   string
	detach       bool
	wait         waitFlag
	pull         choice
	build        bool
	noBuild      bool
	ports        choice
	cpus         float64
	mem          sizeFlag
	abortOnExit  choice
	exitCodeFrom string
	keep         bool
	dryRun       bool
}

func (a *app) upCommand() *cobra.Command {
	f := &upFlags{
		pull:        choice{value: "", allowed: []string{"always", "missing", "never"}},
		ports:       choice{value: "", allowed: []string{"auto", "fixed", "random"}},
		abortOnExit: choice{value: "", allowed: []string{"any", "failure", "never"}},
	}
	cmd := &cobra.Command{
		Use:     "up --local [SERVICE...]",
		GroupID: jobDevelop,
		Short:   "Run the pod on this machine, as an agent would",
		Long: `Renders the pod and runs it on this machine: the same rewriting, cgroup, labels,
monitor and ending as on an agent. Attached, the services' output is shown until
the pod ends; the first Ctrl-C stops it gracefully, the second kills it. With -d
a monitor goes on in the background.`,
		ValidArgsFunction: a.completeServices,
		Example: `# run the pod and watch it
dce up --local

# run it in the background with the values of production, and stop it again
dce up --local --env prod -d
dce down --local --env prod

# a second one of the same files beside it
dce up --local -d --name second`,
		Annotations: map[string]string{
			seeKey: "`dce ps --local`, `dce logs --local`, `dce ls`, `dce down --local`",
			exitsKey: `1 the pod failed
6 the pod did not run within --wait
130 interrupted, also when the pod then stopped gracefully
N with --exit-code-from: the exit code of that service`,
		},
	}
	cmd.RunE = a.plain(func(ctx context.Context, args []string) error {
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runUp(ctx, f, args)
	})
	f.define(a, cmd)
	return cmd
}

func (f *upFlags) define(a *app, cmd *cobra.Command) {
	f.here.define(a, cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.name, "name", "", "call the pod `NAME`: another one beside that of the project")
	fs.StringVar(&f.task, "task", "", "run it with the facts of the task in `FILE` (dce-task.json of a sandbox)")
	fs.Var(&f.ports, "ports", "host ports: the file's own or a free one (auto), the file's (fixed), any (random): `auto|fixed|random`")
	coresVar(fs, &f.cpus, "cpus", "limit the pod to `N` cores")
	fs.Var(&f.mem, "mem", "limit the pod's memory to `SIZE`, such as 512M")
	fs.BoolVarP(&f.detach, "detach", "d", false, "go on in the background when the pod runs")
	fs.Var(&f.wait, "wait", "like -d, and fail when the pod does not run within `DURATION`")
	fs.Lookup("wait").NoOptDefVal = "default"
	fs.Var(&f.pull, "pull", "pull images: `always|missing|never`")
	fs.BoolVar(&f.build, "build", false, "build the images of services with a build section anew")
	fs.BoolVar(&f.noBuild, "no-build", false, "build nothing, also where an image is missing")
	fs.Var(&f.abortOnExit, "abort-on-exit", "end the pod when a service ends: `any|failure|never`")
	fs.StringVar(&f.exitCodeFrom, "exit-code-from", "", "end with the pod's first service that ends, and exit with the code of `SERVICE`")
	fs.BoolVar(&f.keep, "keep", false, "leave the containers for inspection")
	fs.BoolVar(&f.dryRun, "dry-run", false, "show what would be done, and do nothing")
	grouped(cmd, groupWhat, "name", "task", "ports", "cpus", "mem")
	for _, n := range []string{"name", "task", "detach", "wait", "dry-run", "exit-code-from"} {
		withoutEnv(fs.Lookup(n))
	}
}

func (f *upFlags) check(ctx context.Context, a *app, cmd *cobra.Command) error {
	if err := f.here.check(ctx, a, cmd); err != nil {
		return err
	}
	if err := exclusive(cmd, "build", "no-build"); err != nil {
		return err
	}
	if f.detach || f.wait.given {
		if err := exclusive(cmd, "detach", "exit-code-from"); err != nil {
			return err
		}
		return exclusive(cmd, "wait", "exit-code-from")
	}
	return nil
}

func (f *upFlags) options(a *app, services []string) (local.UpOptions, error) {
	o := local.UpOptions{
		Project: a.projectOptions(), Name: f.name, Ports: local.Ports(f.ports.value),
		CPUs: f.cpus, MemMB: f.mem.mib, Pull: f.pull.value, Build: f.build, NoBuild: f.noBuild,
		AbortOnExit: f.abortOnExit.value, ExitCodeFrom: f.exitCodeFrom, Keep: f.keep,
		Detach: f.detach || f.wait.given, WaitFor: f.wait.bound, Version: a.env.Version,
	}
	o.Project.Environment, o.Project.Services = f.environment, services
	if f.exitCodeFrom != "" && o.AbortOnExit == "" {
		o.AbortOnExit = "any"
	}
	if f.task == "" {
		return o, nil
	}
	facts, err := a.readTaskFile(f.task)
	if err != nil {
		return o, err
	}
	o.Task = &facts
	if facts.Bare && len(o.Project.Files) == 0 {
		if o.Sandbox, err = a.unpackToRun(&facts.Task, f.name, &o.Project); err != nil {
			return o, err
		}
	}
	return o, a.ownFiles(facts, &o.Project, false)
}

func (a *app) runUp(ctx context.Context, f *upFlags, services []string) (err error) {
	o, err := f.options(a, services)
	runs := false
	defer func() {
		if !runs { // what the task brought is of no use
			err = errors.Join(err, o.Sandbox.Discard())
		}
	}()
	if err != nil {
		return err
	}
	monitors, err := a.monitors()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, monitors.Close()) }()
	if o.Detach && !f.dryRun {
		monitors.Ahead()
	}
	plan, m, err := a.planned(ctx, o)
	if err != nil {
		return err
	}
	defer m.Engine.Close()
	m.Screen = newScreen(a.ui(), plan.Services())
	outliveReaders()
	if f.dryRun {
		return a.showPlan(ctx, m, plan)
	}
	listening, leave := context.WithCancel(ctx)
	defer leave()
	runs = true
	code, err := m.Up(ctx, plan, a.requests(listening), monitors)
	if err != nil {
		code = max(code, a.ui().Diagnostics(err))
	}
	return exit(code)
}

// planned loads the pod and reaches the engine meanwhile. What is wrong with
// the pod is said first.
func (a *app) planned(ctx context.Context, o local.UpOptions) (*local.Plan, *local.Machine, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var m *local.Machine
	var unreachable error
	var connecting sync.WaitGroup
	a.ui() // made on first use, by one of the two
	connecting.Go(func() {
		if m, unreachable = a.machine(ctx); unreachable == nil {
			unreachable = m.Meet(ctx)
		}
	})
	plan, err := local.NewPlan(ctx, o)
	if err == nil {
		err = plan.Runnable()
	}
	if err != nil {
		cancel()
	}
	connecting.Wait()
	if err == nil {
		a.ui().Warn(plan.Warnings)
		err = unreachable
	}
	if err != nil && m != nil {
		m.Engine.Close()
	}
	return plan, m, err
}

// showPlan says what an up would do.
func (a *app) showPlan(ctx context.Context, m *local.Machine, plan *local.Plan) error {
	steps, err := m.DryRun(ctx, plan)
	if err != nil {
		return err
	}
	return a.printLines(steps)
}

// monitors start this program as the monitor of a pod.
func (a *app) monitors() (*local.Monitors, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, diag.Fail(diag.Diagnostic{
			Code: "DCE429", Summary: "the path of this program is not known, so it cannot go on in the background",
			Hint: "run the pod attached: leave -d out", Cause: err,
		})
	}
	return local.NewMonitors([]string{self, monitorName}, a.logger()), nil
}

// waitFlag is --wait with or without a duration.
type waitFlag struct {
	given bool
	bound time.Duration
}

// String is the duration, empty for none.
func (w *waitFlag) String() string {
	if w.bound == 0 {
		return ""
	}
	return w.bound.String()
}

// Type names the flag's kind.
func (*waitFlag) Type() string { return "duration" }

// Set takes a duration, or the word that stands for no duration.
func (w *waitFlag) Set(s string) error {
	w.given = true
	if s == "default" {
		return nil
	}
	return (*duration)(&w.bound).Set(s)
}

// sizeFlag is an amount of memory.
type sizeFlag struct {
	text string
	mib  float64
}

// String is the amount as it was given.
func (s *sizeFlag) String() string { return s.text }

// Type names the flag's kind.
func (*sizeFlag) Type() string { return "size" }

// Set takes a number of MiB, or one with a unit.
func (s *sizeFlag) Set(text string) error {
	mib, err := project.ParseSize(text)
	if err != nil {
		return err
	}
	s.text, s.mib = text, mib
	return nil
}
