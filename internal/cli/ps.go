package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/local"
	"dce/internal/term"
)

func (a *app) psCommand() *cobra.Command {
	h := &here{}
	f := psFlags{output: choice{value: "table", allowed: []string{"table", "json", "yaml"}}}
	cmd := &cobra.Command{
		Use:     "ps --local|--env NAME [NAME]",
		GroupID: jobDevelop,
		Short:   "Show a pod's services and where its ports are",
		Long: `Shows the containers of one pod of this machine and the map of its ports. Of a
pod that failed it shows why, also when nothing else is left. Without a name,
the pod of the project in this directory is meant. With --env and without
--local, shows the instances of the environment, as dce status does. With --watch
it goes on: here until the pod is gone, there until all instances are healthy.`,
		Example: `# the services of the pod of this directory
dce ps --local

# how it comes up, or goes
dce ps --local --watch

# the container ids of another
dce ps --local second -q

# the instances in production and their ports
dce ps --env prod`,
		Args:              atMost(1, "the pod's name"),
		ValidArgsFunction: a.completePods,
		Annotations:       map[string]string{seeKey: "`dce ls` for all pods, `dce logs --local` for what they say"},
	}
	cmd.RunE = a.until(func(ctx context.Context, args []string) error {
		if h.away() {
			return a.runEnvPs(ctx, h.environment, f)
		}
		if err := h.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runPs(ctx, *h, f, args)
	})
	h.define(a, cmd)
	cmd.Flags().BoolVar(&f.watch, "watch", false, "show every change, until the pod is gone or the instances are healthy")
	cmd.Flags().VarP(&f.output, "output", "o", "print as `table|json|yaml`")
	grouped(cmd, groupOutput, "watch", "output")
	withoutEnv(cmd.Flags().Lookup("watch"))
	return cmd
}

// psFlags are what `dce ps` takes beside its place.
type psFlags struct {
	watch  bool
	output choice
}

func (a *app) runPs(ctx context.Context, h here, f psFlags, args []string) error {
	m, id, err := a.podMeant(ctx, h, args)
	if err != nil {
		return err
	}
	defer m.Engine.Close()
	if f.watch {
		live := a.ui().Live()
		return m.FollowPs(ctx, id, func(d local.Detail) { a.showChange(live, d, f.output.value) })
	}
	d, err := m.Ps(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case a.common.quiet:
		a.showIDs(d)
	case f.output.value != "table":
		return a.printValue(f.output.value, podDetail{SchemaVersion: 1, Detail: d})
	default:
		a.showPod(d)
	}
	return nil
}

// showChange shows a pod that is watched.
func (a *app) showChange(live *term.Live, d local.Detail, format string) {
	switch {
	case a.common.quiet:
		a.showIDs(d)
	case format != "table":
		a.streamValue(format, podDetail{SchemaVersion: 1, Detail: d})
	case len(d.Containers) == 0:
		a.showPod(d)
	default:
		live.Draw(podHeading(d), containerTable(d))
		if d.Failed != nil {
			a.showReport(*d.Failed)
		}
	}
}

func (a *app) showIDs(d local.Detail) {
	for _, c := range d.Containers {
		fmt.Fprintln(a.ui().Out(), c.ID)
	}
}

// podDetail is what `dce ps -o json` prints.
type podDetail struct {
	SchemaVersion int `json:"schema_version"`
	local.Detail
}

func (a *app) showPod(d local.Detail) {
	a.ui().Say("%s", podHeading(d))
	if d.Failed != nil {
		a.showReport(*d.Failed)
	}
	if len(d.Containers) > 0 {
		a.ui().Table(containerTable(d))
	}
}

func podHeading(d local.Detail) string {
	return fmt.Sprintf("pod %s: %s%s", d.ID, stateText(d.Row), attendance(d.Row))
}

func containerTable(d local.Detail) term.Table {
	t := term.Table{Header: []string{"SERVICE", "STATE", "AGE", "IMAGE", "PORTS"}}
	for _, c := range d.Containers {
		var ports []string
		for _, p := range c.Ports {
			ports = append(ports, p.String())
		}
		t.Rows = append(t.Rows, []string{c.Service, containerState(c), age(c.Created), c.Image, cmp.Or(strings.Join(ports, ", "), "-")})
	}
	return t
}

func (a *app) showReport(s local.Status) {
	if s.Health != "" {
		a.ui().Say("the last healthcheck of %s said:\n  %s", s.Service, strings.ReplaceAll(strings.TrimSpace(s.Health), "\n", "\n  "))
	}
	if len(s.Logs) > 0 {
		a.ui().Say("the last lines of %s:\n  %s", s.Service, strings.Join(s.Logs, "\n  "))
	}
}

func containerState(c local.Container) string {
	switch {
	case c.State == "exited":
		return fmt.Sprintf("exited (%d)", c.ExitCode)
	case c.Health != "" && c.Health != "none":
		return c.State + " (" + c.Health + ")"
	}
	return c.State
}
