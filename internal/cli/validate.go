package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// validateCommand is `render -q` under the name that other tools give it.
func (a *app) validateCommand() *cobra.Command {
	f := &renderFlags{output: choice{value: "yaml"}}
	cmd := &cobra.Command{
		Use:     "validate [SERVICE...]",
		GroupID: jobCheck,
		Short:   "Check the files of the pod without showing it",
		Long: `Does what ` + "`dce render -q`" + ` does: loads, merges and rewrites the files and shows
every problem with its place. Nothing is printed when all is well.`,
		Example: `# are the files of production valid?
dce validate --env prod

# the same for a program: problems as JSON lines on stderr
dce validate --progress json

# only one service and what it depends on
dce validate web`,
		ValidArgsFunction: a.completeServices,
		Annotations: map[string]string{
			seeKey:   "`dce render`, `dce explain CODE`",
			exitsKey: "3 a compose file or dce.yaml is invalid; all problems are shown",
		},
	}
	cmd.RunE = a.until(func(ctx context.Context, args []string) error {
		a.common.quiet = true
		return a.runRender(ctx, *f, args)
	})
	a.placeFlags(cmd, &f.place)
	localFlag(cmd, &f.place)
	taskFlag(cmd, &f.place)
	cmd.Flags().BoolVar(&f.noInterpolate, "no-interpolate", false, "leave ${...} as it stands")
	return cmd
}
