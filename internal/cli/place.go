package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/diag"
	"dce/internal/project"
)

// placeFlags gives a command the flags that say with whose facts it works.
func (a *app) placeFlags(cmd *cobra.Command, p *place) {
	fs := cmd.Flags()
	fs.StringVarP(&p.environment, "env", "e", "", "take the files and values of environment `NAME`")
	grouped(cmd, groupPlace, "env")
	complete(cmd, "env", a.completeEnvironments)
}

// localFlag lets a command take the facts of this machine.
func localFlag(cmd *cobra.Command, p *place) {
	cmd.Flags().BoolVar(&p.local, "local", false, "take the facts that dce up --local would give on this machine")
	grouped(cmd, groupPlace, "local")
	withoutEnv(cmd.Flags().Lookup("local"))
}

// taskFlag lets a command take its facts from a task.
func taskFlag(cmd *cobra.Command, p *place) {
	fs := cmd.Flags()
	fs.StringVar(&p.taskFile, "task", "", "take the facts of the task in `FILE`: dce-task.json or a TaskInfo")
	grouped(cmd, groupPlace, "task")
	withoutEnv(fs.Lookup("task"))
	complete(cmd, "task", fileNames("json", "pb"))
}

// missingPlace is the error of a command that touches a place and was told
// none: dce never guesses one.
func (a *app) missingPlace(ctx context.Context, cmd *cobra.Command) error {
	d := diag.Diagnostic{
		Code:    "DCE244",
		Summary: cmd.CommandPath() + " needs a place: --local or --env NAME",
		Detail:  "A command that touches a place is told which; it is never guessed.",
		Hint:    "add --local for this machine",
	}
	if names := a.environments(ctx); len(names) > 0 {
		d.Hint += ", or --env with one of: " + strings.Join(names, ", ")
	}
	return diag.Fail(d)
}

// environments are the names that the project knows; none when it cannot be
// read, which is not what the error at hand is about.
func (a *app) environments(ctx context.Context) []string {
	p, err := project.Load(ctx, a.projectOptions())
	if err != nil {
		return nil
	}
	return p.Config.Environments
}

// exclusiveValue refuses a flag's value beside other flags.
func exclusiveValue(cmd *cobra.Command, flag, value string, others ...string) error {
	if cmd.Flags().Lookup(flag).Value.String() != value {
		return nil
	}
	for _, n := range others {
		if f := cmd.Flags().Lookup(n); f.Changed {
			return usage("DCE245", fmt.Sprintf("--%s and --%s %s exclude each other", n, flag, value), "leave one of them out; "+seeHelp(cmd))
		}
	}
	return nil
}
