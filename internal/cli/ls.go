package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/lease"
	"dce/internal/local"
	"dce/internal/term"
)

func (a *app) lsCommand() *cobra.Command {
	output := choice{value: "table", allowed: []string{"table", "json", "yaml"}}
	cmd := &cobra.Command{
		Use:     "ls",
		GroupID: jobDevelop,
		Short:   "List the pods on this machine",
		Long: `Lists every pod on this machine by the labels of its containers, whoever started
it: attended ones, whose monitor or executor lives, and those that were left
behind. Local pods that failed are listed with the reason until the next up or
down of the same name.`,
		Example: `# all pods of this machine
dce ls

# their names only
dce ls -q

# all that is known of them, for a script
dce ls -o json`,
		Args:        noArgs,
		Annotations: map[string]string{seeKey: "`dce ps --local NAME` for one pod's services"},
		RunE:        a.until(func(ctx context.Context, _ []string) error { return a.runLs(ctx, output.value) }),
	}
	cmd.Flags().VarP(&output, "output", "o", "print as `table|json|yaml`")
	grouped(cmd, groupOutput, "output")
	return cmd
}

func (a *app) runLs(ctx context.Context, format string) error {
	m, err := a.machine(ctx)
	if err != nil {
		return err
	}
	defer m.Engine.Close()
	rows, err := m.List(ctx)
	if err != nil {
		return err
	}
	switch {
	case a.common.quiet:
		for _, r := range rows {
			fmt.Fprintln(a.ui().Out(), r.ID)
		}
		return nil
	case format != "table":
		return a.printValue(format, podList{SchemaVersion: 1, Pods: rows})
	case len(rows) == 0:
		a.ui().Say("no pods on this machine")
		return nil
	}
	a.ui().Table(podTable(rows))
	return nil
}

// podList is what `dce ls -o json` prints.
type podList struct {
	SchemaVersion int         `json:"schema_version"`
	Pods          []local.Row `json:"pods"`
}

func podTable(rows []local.Row) term.Table {
	t := term.Table{Header: []string{"POD", "STATE", "KEEPER", "AGE", "SERVICES", "PORTS", "REASON"}}
	for _, r := range rows {
		var ports []string
		for _, p := range r.Ports {
			ports = append(ports, strings.TrimPrefix(p.String(), "localhost:"))
		}
		t.Rows = append(t.Rows, []string{
			r.ID, r.State, keeperText(r), age(r.Created), cmp.Or(strings.Join(r.Services, ", "), "-"),
			cmp.Or(strings.Join(ports, ", "), "-"), cmp.Or(r.Reason, "-"),
		})
	}
	return t
}

func stateText(r local.Row) string {
	if r.Reason != "" {
		return r.State + ": " + r.Reason
	}
	return r.State
}

func keeperText(r local.Row) string {
	switch {
	case r.Kept:
		return "kept"
	case r.Keeper == lease.Alive:
		return "attended"
	case r.Keeper == lease.Unknown:
		return "unknown"
	case len(r.Services) == 0:
		return "-"
	}
	return "unattended"
}

// attendance is who looks after a pod, as the end of a sentence about it.
func attendance(r local.Row) string {
	if word := keeperText(r); word != "-" {
		return ", " + word
	}
	return ""
}
