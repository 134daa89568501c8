package cli

import (
	"cmp"
	"context"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/engine"
	"dce/internal/executor"
	"dce/internal/mesos"
)

// executorFlags are what `dce executor` takes.
type executorFlags struct {
	config    string
	logFormat choice
	logLevel  choice
	eventLog  string
	metrics   string
	check     bool
}

func (a *app) executorCommand() *cobra.Command {
	f := &executorFlags{
		logFormat: choice{value: "logfmt", allowed: []string{"logfmt", "json"}},
		logLevel:  choice{value: "info", allowed: []string{"debug", "info", "warn", "error"}},
	}
	cmd := &cobra.Command{
		Use:     "executor",
		GroupID: jobAgents,
		Short:   "Run pods for a Mesos agent",
		Long: `The Mesos custom executor: takes tasks from the agent that has started it, runs
each as a pod, and reports what becomes of it. An agent starts it; by hand, run
the pod with dce up --local. A binary called executor or dce-executor is one
without being told.`,
		Example: `# in a Marathon app: the binary is fetched, and started as an executor
#   "executor": "./dce", "cmd": "executor"

# on an agent: is everything there that an executor needs?
dce executor --check

# is a new file for the operator's place fit for it?
dce executor --check --config new.yaml`,
		Args: noArgs,
		Annotations: map[string]string{
			noEnvKey: "yes",
			seeKey:   "`dce up --local` for the same pod on this machine",
			exitsKey: `0 the last task has ended, or the agent asked for the end
4 not started by an agent, or the agent was lost`,
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.config, "config", "c", "", "read the job's settings from `FILE` of the sandbox; /etc/dce/dce.yaml stands above it (with --check: check FILE in that one's place)")
	fs.Var(&f.logFormat, "log-format", "write the log on stderr as `logfmt|json`")
	fs.Var(&f.logLevel, "log-level", "leave out what is less grave: `debug|info|warn|error`")
	fs.StringVar(&f.eventLog, "event-log", "", "write the timeline to `FILE` instead of dce-events.jsonl in the sandbox")
	fs.StringVar(&f.metrics, "metrics", "", "show what the executor is at, for Prometheus: `textfile:PATH|ADDR` of this machine only; the operator's agent.metrics stands above it")
	fs.BoolVar(&f.check, "check", false, "check this machine and its settings for an executor, and exit")
	grouped(cmd, groupOutput, "log-format", "log-level", "event-log", "metrics")
	cmd.RunE = a.plain(func(ctx context.Context, _ []string) error { return a.runExecutor(ctx, f) })
	return cmd
}

func (a *app) runExecutor(ctx context.Context, f *executorFlags) error {
	outliveReaders()
	a.forgetJobsEnvironment()
	log := f.logger(a)
	if f.check {
		return a.checkExecutor(ctx, f, log)
	}
	env, err := mesos.ParseEnvironment(a.env.Environ)
	if err != nil {
		return err
	}
	listening, leave := context.WithCancel(ctx)
	defer leave()
	return executor.Run(ctx, executor.Options{
		Environment: env, Version: a.env.Version, SystemConfig: a.env.SystemConfig, Config: f.config, EventLog: f.eventLog, Metrics: f.metrics, Lookupenv: a.lookupenv,
		Stdout: a.env.Stdout, Stderr: a.env.Stderr, Stops: a.stopRequests(listening), Now: a.env.Now, Log: log,
		Connect: func(ctx context.Context, o engine.Options) (*engine.Engine, error) {
			return a.agentEngine(ctx, o, log)
		},
	})
}

func (a *app) agentEngine(ctx context.Context, o engine.Options, log *slog.Logger) (*engine.Engine, error) {
	o.Err, o.Log = a.env.Stderr, log
	return engine.Connect(ctx, o)
}

// checkExecutor says what an executor would find here.
func (a *app) checkExecutor(ctx context.Context, f *executorFlags, log *slog.Logger) error {
	operator, settings, err := executor.Settings(cmp.Or(f.config, a.env.SystemConfig))
	if err != nil {
		return err
	}
	e, err := a.agentEngine(ctx, engine.Options{Host: operator.Engine, ConfigDir: operator.DockerConfig}, log)
	if err != nil {
		return err
	}
	defer e.Close()
	lines, err := executor.Check(ctx, executor.CheckOptions{Engine: e, Leases: operator.Leases, Metrics: operator.Metrics})
	if err != nil {
		return err
	}
	return a.printLines(append(lines, settings))
}

// forgetJobsEnvironment takes out of this process's environment what the
// libraries below would obey: on an agent it is the job that sets it. The
// agent's token goes too, so that no child and no container can find it.
func (a *app) forgetJobsEnvironment() {
	if a.env.Unsetenv == nil {
		return
	}
	for _, pair := range a.env.Environ {
		name, _, _ := strings.Cut(pair, "=")
		if ofJob(name) {
			a.env.Unsetenv(name)
		}
	}
}

func ofJob(name string) bool {
	for _, prefix := range []string{"DOCKER_", "COMPOSE_", "BUILDKIT_", "BUILDX_", "DCE_", "LD_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case mesos.TokenVariable, "GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOTRACEBACK":
		return true
	}
	return false
}

func (f *executorFlags) logger(a *app) *slog.Logger {
	o := &slog.HandlerOptions{}
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel.value)); err == nil {
		o.Level = level
	}
	if f.logFormat.value == "json" {
		return slog.New(slog.NewJSONHandler(a.env.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(a.env.Stderr, o))
}

// stopRequests passes on interrupts as requests to end, until ctx ends.
func (a *app) stopRequests(ctx context.Context) <-chan string {
	return passOn(ctx, a.env.Interrupts, func(i Interrupt) string { return signalName(i.Exit) })
}
