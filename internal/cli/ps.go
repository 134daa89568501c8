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
	output := choice{value: "table", allowed: []string{"table", "json", "yaml"}}
	cmd := &cobra.Command{
		Use:     "ps --local|--env NAME [NAME]",
		GroupID: jobDevelop,
		Short:   "Show a pod's services and where its ports are",
		Long: `Shows the containers of one pod of this machine and the map of its ports. Of a
pod that failed it shows why, also when nothing else is left. Without a name,
the pod of the project in this directory is meant. With --env and without
--local, shows the instances of the environment, as dce status does.`,
		Example: `# the services of the pod of this directory
dce ps --local

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
			return a.runEnvPs(ctx, h.environment, output.value)
		}
		if err := h.check(ctx, a, cmd); err != nil {
			return err
		}
		return a.runPs(ctx, *h, output.value, args)
	})
	h.define(a, cmd)
	cmd.Flags().VarP(&output, "output", "o", "print as `table|json|yaml`")
	grouped(cmd, groupOutput, "output")
	return cmd
}

func (a *app) runPs(ctx context.Context, h here, format string, args []string) error {
	m, id, err := a.podMeant(ctx, h, args)
	if err != nil {
		return err
	}
	defer m.Engine.Close()
	d, err := m.Ps(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case a.common.quiet:
		for _, c := range d.Containers {
			fmt.Fprintln(a.ui().Out(), c.ID)
		}
	case format != "table":
		return a.printValue(format, podDetail{SchemaVersion: 1, Detail: d})
	default:
		a.showPod(d)
	}
	return nil
}

// podDetail is what `dce ps -o json` prints.
type podDetail struct {
	SchemaVersion int `json:"schema_version"`
	local.Detail
}

func (a *app) showPod(d local.Detail) {
	a.ui().Say("pod %s: %s%s", d.ID, stateText(d.Row), attendance(d.Row))
	if d.Failed != nil {
		a.showReport(*d.Failed)
	}
	if len(d.Containers) == 0 {
		return
	}
	t := term.Table{Header: []string{"SERVICE", "STATE", "AGE", "IMAGE", "PORTS"}}
	for _, c := range d.Containers {
		var ports []string
		for _, p := range c.Ports {
			ports = append(ports, p.String())
		}
		t.Rows = append(t.Rows, []string{c.Service, containerState(c), age(c.Created), c.Image, cmp.Or(strings.Join(ports, ", "), "-")})
	}
	a.ui().Table(t)
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
