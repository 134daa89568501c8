package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/engine"
	"dce/internal/local"
	"dce/internal/term"
)

// logsFlags are what `dce logs` takes.
type logsFlags struct {
	here

	name       string
	follow     bool
	failed     bool
	since      string
	tail       string
	noPrefix   bool
	timestamps bool
	output     choice
}

func (a *app) logsCommand() *cobra.Command {
	f := &logsFlags{output: choice{value: "text", allowed: []string{"text", "json"}}}
	cmd := &cobra.Command{
		Use:     "logs --local|--env NAME [SERVICE...]",
		GroupID: jobDevelop,
		Short:   "Show what a pod's services wrote",
		Long: `Shows the output of the services of one pod of this machine, each line behind the
name of its service. Of a pod that failed and is gone it shows the last lines,
which were saved. --name says which pod is meant, if not that of the project in
this directory.

With --env and without --local, shows what the services of all instances of the
environment wrote, from their sandboxes on the agents.`,
		Example: `# everything so far
dce logs --local

# the last ten lines of one service, and what comes
dce logs --local -f --tail 10 web

# of all instances in production, also of those that come
dce logs --env prod -f`,
		ValidArgsFunction: a.completeServices,
		Annotations:       map[string]string{seeKey: "`dce ps --local` for the services"},
	}
	cmd.RunE = a.until(func(ctx context.Context, args []string) error {
		if f.away() {
			return a.runEnvLogs(ctx, f, args)
		}
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runLogs(ctx, f, args)
	})
	f.define(a, cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.name, "name", "", "of the pod called `NAME`")
	fs.BoolVarP(&f.follow, "follow", "f", false, "go on as the services write")
	fs.BoolVar(&f.failed, "failed", false, "with --env: of the instances that have ended, as long as the agents keep their sandboxes")
	fs.StringVar(&f.since, "since", "", "only lines after `TIME` (2026-11-22T12:00:00Z) or of the last while (10m)")
	fs.StringVar(&f.tail, "tail", "all", "only the last `N` lines of each service")
	fs.BoolVar(&f.noPrefix, "no-prefix", false, "leave out the names of the services")
	fs.BoolVar(&f.timestamps, "timestamps", false, "show when each line was written")
	fs.VarP(&f.output, "output", "o", "print as `text|json`")
	grouped(cmd, groupWhat, "name", "failed", "since", "tail")
	grouped(cmd, groupOutput, "no-prefix", "timestamps", "output")
	for _, n := range []string{"name", "follow", "failed", "since", "tail"} {
		withoutEnv(fs.Lookup(n))
	}
	return cmd
}

func (a *app) runLogs(ctx context.Context, f *logsFlags, services []string) error {
	name, err := a.podMeant(ctx, f.here, []string{f.name})
	if err != nil {
		return err
	}
	m, err := a.machine(ctx)
	if err != nil {
		return err
	}
	defer m.Engine.Close()
	id, err := m.Named(ctx, name)
	if err != nil {
		return err
	}
	o := local.LogsOptions{ID: id, Services: services, Follow: f.follow, Since: f.since, Tail: f.tail}
	return m.Logs(ctx, o, f.printer(a.ui(), services))
}

func (f *logsFlags) printer(ui *term.UI, services []string) func(engine.LogLine) {
	if f.output.value == "json" {
		return jsonPrinter(ui.Out())
	}
	logs := ui.Logs(ui.Out(), term.LogOptions{Services: services, NoPrefix: f.noPrefix})
	return func(l engine.LogLine) {
		if f.timestamps && !l.Time.IsZero() {
			l.Text = l.Time.UTC().Format(time.RFC3339Nano) + " " + l.Text
		}
		logs.Line(l.Service, l.Text)
	}
}

// logLine is one line of `dce logs -o json`.
type logLine struct {
	Time      *time.Time `json:"time,omitempty"`
	Service   string     `json:"service"`
	Container string     `json:"container,omitempty"`
	Stream    string     `json:"stream"`
	Text      string     `json:"text"`
}

func jsonPrinter(w io.Writer) func(engine.LogLine) {
	return func(l engine.LogLine) {
		line := logLine{Service: l.Service, Container: l.Container, Stream: "stdout", Text: l.Text}
		if l.Stderr {
			line.Stream = "stderr"
		}
		if !l.Time.IsZero() {
			line.Time = &l.Time
		}
		if b, err := json.Marshal(line); err == nil {
			fmt.Fprintf(w, "%s\n", b)
		}
	}
}
