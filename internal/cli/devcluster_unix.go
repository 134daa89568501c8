//go:build unix

package cli

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"dce/internal/devcluster"
	"dce/internal/diag"
)

// devclusterCgroup is the cgroup that the devcluster's executors are put below.
const devclusterCgroup = "dce-devcluster"

// engineAnswers is how long an engine has to answer before it is warned of.
const engineAnswers = 5 * time.Second

// startDevcluster leaves a cluster in the background.
func (a *app) startDevcluster(ctx context.Context, home devcluster.Home, f *devclusterFlags) error {
	if record, runs, err := home.Record(); err != nil || runs {
		if err == nil {
			a.ui().Say("the devcluster runs already: %s", record.URL)
		}
		return err
	}
	a.warnOfMachine(ctx)
	self, err := os.Executable()
	if err != nil {
		return diag.Fail(diag.Diagnostic{
			Code: "DCE429", Summary: "the path of this program is not known, so it cannot go on in the background",
			Hint: "start the devcluster with --foreground", Cause: err,
		})
	}
	record, err := home.Background(ctx, append([]string{self}, f.arguments()...))
	if err != nil {
		return err
	}
	a.ui().Say(devclusterRuns, record.URL, record.URL, self)
	return nil
}

// devclusterRuns is said of a cluster that has been started. What it runs is of
// this machine, where neither dce needs to be installed nor an image pushed.
const devclusterRuns = `the devcluster runs: Marathon's API is at %s
It is for trying and for tests, never for production. Deploy to it with this in dce.yaml:

environments:
  qa:
    target:
      urls: [%s]
      executor: {path: %q}
    app: {images: trust}  # those of this machine's engine

deploy:      dce deploy --env qa
look at it:  dce devcluster status
end it:      dce devcluster stop`

// arguments start this program again with the same wishes.
func (f *devclusterFlags) arguments() []string {
	args := []string{
		"devcluster", "start", "--foreground", "--ready", "--addr", f.addr,
		"--cpus", strconv.FormatFloat(f.cpus, 'f', -1, 64), "--launch-timeout", f.launchTimeout.String(),
	}
	if f.mem.text != "" {
		args = append(args, "--mem", f.mem.text)
	}
	if f.secrets != "" {
		args = append(args, "--secrets", f.secrets)
	}
	return args
}

// warnOfMachine says what the pods of a cluster here will lack.
func (a *app) warnOfMachine(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, engineAnswers)
	defer cancel()
	e, err := a.engine(asking, a.logger())
	if err == nil {
		e.Close()
	}
	if list, ok := diag.Of(err); ok {
		for i := range list {
			list[i].Severity = diag.Warning
		}
		a.ui().Warn(list)
	}
	if os.Geteuid() != 0 {
		a.ui().Warn(diag.List{{
			Code: "DCE692", Severity: diag.Warning, Summary: "the executors of this devcluster get no cgroups",
			Detail: "You are not root, so what pods use is not limited as it is on an agent.",
			Hint:   "for limits, start it as root: sudo dce devcluster start",
		}})
	}
}

// keepDevcluster is the cluster, until it is told to stop.
func (a *app) keepDevcluster(ctx context.Context, home devcluster.Home, f *devclusterFlags) error {
	listening, leave := context.WithCancel(ctx)
	defer leave()
	log := slog.New(slog.NewTextHandler(a.env.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	if !f.ready {
		a.warnOfMachine(ctx)
		log = a.logger()
	}
	err := devcluster.Run(ctx, devcluster.RunOptions{
		Home: home, Stops: a.stops(listening), Ready: a.announcer(f),
		Cluster: devcluster.Options{
			Addrs: []string{f.addr}, CgroupsRoot: cgroupFor(os.Geteuid()), CPUs: f.cpus, Mem: f.mem.mib,
			LaunchTimeout: f.launchTimeout, Secrets: f.secrets, Environment: a.executorEnvironment(), Log: log,
		},
	})
	if f.ready && err != nil {
		told := devcluster.Told{Failed: err.Error()}
		if list, ok := diag.Of(err); ok && len(list) > 0 {
			told.Failed, told.Hint = list[0].Detail, list[0].Hint
		}
		tellParent(told)
	}
	if err == nil && a.interrupted != 0 {
		return exit(a.interrupted)
	}
	return err
}

func cgroupFor(uid int) string {
	if uid != 0 {
		return ""
	}
	return devclusterCgroup
}

// executorEnvironment is what executors of another user than root need to find
// a place for their leases.
func (a *app) executorEnvironment() map[string]string {
	if dir := a.getenv("DCE_LEASE_DIR"); dir != "" {
		return map[string]string{"DCE_LEASE_DIR": dir}
	}
	return nil
}

// announcer says that the cluster is there: to the process that started it, or
// to the person.
func (a *app) announcer(f *devclusterFlags) func(devcluster.Record) {
	return func(r devcluster.Record) {
		if f.ready {
			tellParent(devcluster.Told{Record: &r})
			return
		}
		a.ui().Say("Marathon's API is at %s; Ctrl-C ends the cluster and its tasks", r.URL)
	}
}

// tellParent writes on the pipe that the parent has left open for it. A parent
// that is gone does not matter.
func tellParent(t devcluster.Told) {
	pipe := os.NewFile(devcluster.ReadyFD, "ready")
	if pipe == nil {
		return
	}
	defer pipe.Close()
	_ = t.Tell(pipe)
}

// stops passes on interrupts as requests to end, until ctx ends.
func (a *app) stops(ctx context.Context) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case i := <-a.env.Interrupts:
				a.interrupted = i.Exit
				a.ui().Say("%s: ending the tasks; once more kills them", strings.TrimSpace(signalName(i.Exit)))
				select {
				case out <- struct{}{}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}
