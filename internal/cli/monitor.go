package cli

import (
	"context"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"dce/internal/engine"
	"dce/internal/local"
)

// monitorName is the hidden command that `up -d` leaves in the background. Its
// name is what `ps` shows.
const monitorName = "pod-monitor"

func (a *app) monitorCommand() *cobra.Command {
	return &cobra.Command{
		Use:    monitorName,
		Hidden: true,
		Short:  "Look after a local pod in the background",
		Long:   "Started by `dce up --local -d`, which tells it what to do through a pipe.",
		Example: `# starts it
dce up --local -d`,
		Args:        noArgs,
		Annotations: map[string]string{noEnvKey: "yes"},
		RunE: a.plain(func(ctx context.Context, _ []string) error {
			listening, leave := context.WithCancel(ctx)
			defer leave()
			return local.Monitor(ctx, local.MonitorOptions{
				In: a.env.Stdin, Stops: a.requests(listening),
				Connect: func(ctx context.Context, log *slog.Logger, out io.Writer) (*engine.Engine, error) {
					return engine.Connect(ctx, engine.Options{Err: out, Log: log})
				},
			})
		}),
	}
}
