package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/cluster"
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

# of all instances in production: the last ten minutes, and what comes
dce logs --env prod --since 10m -f`,
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
	tail, since, err := f.selected(time.Now())
	if err != nil {
		return err
	}
	m, id, err := a.podMeant(ctx, f.here, []string{f.name})
	if err != nil {
		return err
	}
	defer m.Engine.Close()
	o := local.LogsOptions{ID: id, Services: services, Follow: f.follow, Since: since, Tail: tail}
	show := f.printer(a, services)
	return m.Logs(ctx, o, func(l engine.LogLine) {
		line := newLogLine(l.Time, l.Service, l.Stderr, l.Text)
		line.Container = l.Container
		show(line)
	})
}

// selected are the lines that the flags ask for: how many of the last of each
// service, negative for all, and since when, zero for the beginning.
func (f *logsFlags) selected(now time.Time) (tail int, since time.Time, err error) {
	if tail, err = lastLines(f.tail); err != nil {
		return 0, time.Time{}, err
	}
	since, err = sinceTime(f.since, now)
	return tail, since, err
}

func lastLines(text string) (int, error) {
	if text == "all" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, usage("DCE241", fmt.Sprintf("flag --tail does not take %q", text), "give a number of lines, or all")
	}
	return n, nil
}

// sinceTime reads a time, as docker logs does: how long ago, RFC 3339 with or
// without a zone or a time of day, or seconds since 1970.
func sinceTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	return time.Time{}, usage("DCE241", fmt.Sprintf("flag --since does not take %q", text), "give how long ago (10m), or a time (2026-11-22T12:00:00Z)")
}

// logLine is one line of `dce logs -o json`. Instance is there with --env,
// Container without.
type logLine struct {
	Time      *time.Time `json:"time,omitempty"`
	Instance  string     `json:"instance,omitempty"`
	Service   string     `json:"service"`
	Container string     `json:"container,omitempty"`
	Stream    string     `json:"stream"`
	Text      string     `json:"text"`
}

func newLogLine(at time.Time, service string, stderr bool, text string) logLine {
	l := logLine{Service: service, Stream: "stdout", Text: text}
	if stderr {
		l.Stream = "stderr"
	}
	if !at.IsZero() {
		at = at.UTC()
		l.Time = &at
	}
	return l
}

// printer prints lines, wherever they come from.
func (f *logsFlags) printer(a *app, services []string) func(logLine) {
	if f.output.value == "json" {
		return func(l logLine) { a.jsonLine(l) }
	}
	logs := a.ui().Logs(a.ui().Out(), term.LogOptions{Services: services, NoPrefix: f.noPrefix})
	return func(l logLine) {
		name := l.Service
		if l.Instance != "" {
			name = strings.TrimPrefix(cluster.Name(l.Instance), "instance ") + "/" + name
		}
		if f.timestamps && l.Time != nil {
			l.Text = l.Time.Format(time.RFC3339Nano) + " " + l.Text
		}
		logs.Line(name, l.Text)
	}
}

// jsonLine writes one value on a line of its own.
func (a *app) jsonLine(v any) {
	if b, err := json.Marshal(v); err == nil {
		fmt.Fprintf(a.ui().Out(), "%s\n", b)
	}
}
