package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/local"
	"dce/internal/project"
	"dce/internal/term"
)

// here is the place of commands that work on this machine only.
type here struct {
	local       bool
	environment string
}

func (h *here) define(a *app, cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&h.local, "local", false, "work on this machine")
	fs.StringVarP(&h.environment, "env", "e", "", "take the files and values of environment `NAME`")
	grouped(cmd, groupPlace, "local", "env")
	withoutEnv(fs.Lookup("local"))
	complete(cmd, "env", a.completeEnvironments)
}

// away says that the cluster of the environment is meant, not this machine.
func (h *here) away() bool { return !h.local && h.environment != "" }

// check refuses a command without a place: it is never guessed.
func (h *here) check(ctx context.Context, a *app, cmd *cobra.Command) error {
	if h.local {
		return nil
	}
	return a.missingPlace(ctx, cmd)
}

// machine connects to the engine of this machine.
func (a *app) machine(ctx context.Context) (*local.Machine, error) {
	dirs, err := local.FindDirs(a.getenv, os.Getuid())
	if err != nil {
		return nil, err
	}
	log := a.logger()
	e, err := engine.Connect(ctx, engine.Options{Err: a.ui().Err(), Log: log, Memory: dirs.Leases})
	if err != nil {
		return nil, err
	}
	return &local.Machine{Engine: e, Dirs: dirs, Screen: newScreen(a.ui(), nil), Log: log}, nil
}

func (a *app) engine(ctx context.Context, log *slog.Logger) (*engine.Engine, error) {
	return engine.Connect(ctx, engine.Options{Err: a.ui().Err(), Log: log})
}

// logger writes what helps to find a fault, with --debug only.
func (a *app) logger() *slog.Logger {
	if !a.common.debug {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(a.env.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// podMeant is this machine, and the id of the pod of it that is meant: what was
// given, or that of the project in this directory. Who asks closes the engine.
func (a *app) podMeant(ctx context.Context, h here, args []string) (*local.Machine, string, error) {
	name, err := a.nameMeant(ctx, h, args)
	if err != nil {
		return nil, "", err
	}
	m, err := a.machine(ctx)
	if err != nil {
		return nil, "", err
	}
	id, err := m.Named(ctx, name)
	if err != nil {
		m.Engine.Close()
		return nil, "", err
	}
	return m, id, nil
}

func (a *app) nameMeant(ctx context.Context, h here, args []string) (string, error) {
	if len(args) > 0 && args[0] != "" {
		return args[0], nil
	}
	o := a.projectOptions()
	o.Environment = h.environment
	p, err := project.Load(ctx, o)
	if err != nil {
		return "", err
	}
	return local.IDOf(p.Compose.Name, h.environment), nil
}

// screen shows a local pod to a person.
type screen struct {
	ui   *term.UI
	logs *term.Logs
}

func newScreen(ui *term.UI, services []string) *screen {
	// The output of services is the answer of an attached pod, as of `logs`.
	return &screen{ui: ui, logs: ui.Logs(ui.Out(), term.LogOptions{Services: services})}
}

// Say implements local.Screen.
func (s *screen) Say(format string, args ...any) { s.ui.Say(format, args...) }

// Warn implements local.Screen.
func (s *screen) Warn(l diag.List) { s.ui.Warn(l) }

// Line implements local.Screen.
func (s *screen) Line(l engine.LogLine) { s.logs.Line(l.Service, l.Text) }

// Progress implements local.Screen.
func (s *screen) Progress() local.Progress { return s.ui.Progress() }

// requests passes on interrupts as requests to end, until ctx ends.
func (a *app) requests(ctx context.Context) <-chan local.Stop {
	return passOn(ctx, a.env.Interrupts, func(i Interrupt) local.Stop {
		return local.Stop{By: signalName(i.Exit), Exit: i.Exit}
	})
}

// passOn turns each value into another, until ctx ends.
func passOn[A, B any](ctx context.Context, from <-chan A, turn func(A) B) <-chan B {
	out := make(chan B)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case a := <-from:
				select {
				case out <- turn(a):
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// signalName is what a person calls the signal of that exit code.
func signalName(exit int) string {
	switch exit {
	case diag.ExitInterrupted:
		return "Ctrl-C"
	case diag.ExitTerminated:
		return "SIGTERM"
	}
	return "the end of the terminal"
}

// printValue prints an answer for programs: as JSON, or as YAML with the same
// keys in the same order.
func (a *app) printValue(format string, v any) error {
	if format == "json" {
		return a.ui().JSON(v)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(out, &doc); err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	blockStyle(&doc)
	return a.printBytes(yaml.Marshal(&doc))
}

// streamValue prints one of several answers: JSON on a line of its own, YAML as a
// document.
func (a *app) streamValue(format string, v any) {
	if format == "json" {
		a.jsonLine(v)
		return
	}
	fmt.Fprintln(a.ui().Out(), "---")
	_ = a.printValue(format, v) // an answer that cannot be written is no reason to look away
}

// blockStyle undoes the flow style of JSON.
func blockStyle(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		blockStyle(c)
	}
}

// completePods offers the names of the pods on this machine. Whoever presses
// tab waits for two seconds at most.
func (a *app) completePods(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 || a.prepare(cmd, nil) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second)
	defer cancel()
	m, err := a.machine(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer m.Engine.Close()
	rows, err := m.List(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return matching(ids, typed), cobra.ShellCompDirectiveNoFileComp
}

// age is how long ago something was, in one unit.
func age(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := time.Since(t)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
