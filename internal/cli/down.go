package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/local"
)

// downFlags are what `dce down` takes.
type downFlags struct {
	here

	volumes    bool
	keepImages bool
	timeout    time.Duration
	dryRun     bool
}

func (a *app) downCommand() *cobra.Command {
	f := &downFlags{}
	cmd := &cobra.Command{
		Use:     "down --local [NAME]",
		GroupID: jobDevelop,
		Short:   "Stop a pod of this machine and remove what it made",
		Long: `Asks the process that looks after the pod to stop it, or stops it itself where
nothing looks after it any more. Without a name, the pod of the project in this
directory is meant. The pod's volumes stay, for the next up, unless -v is given.`,
		Example: `# stop the pod of this directory
dce down --local

# stop another one, and remove its volumes
dce down --local second -v

# kill it at once
dce down --local --timeout 0`,
		Args:              atMost(1, "the pod's name"),
		ValidArgsFunction: a.completePods,
		Annotations:       map[string]string{seeKey: "`dce ls` for the names"},
	}
	cmd.RunE = a.until(func(ctx context.Context, args []string) error {
		if err := f.check(ctx, a, cmd); err != nil {
			return err
		}
		o := local.DownOptions{Volumes: f.volumes, KeepImages: f.keepImages}
		if cmd.Flags().Changed("timeout") {
			o.Timeout = &f.timeout
		}
		return a.runDown(ctx, f, o, args)
	})
	f.define(a, cmd)
	fs := cmd.Flags()
	fs.BoolVarP(&f.volumes, "volumes", "v", false, "remove the pod's own volumes as well")
	fs.BoolVar(&f.keepImages, "keep-images", false, "leave the images that were built for the pod")
	durationVar(fs, &f.timeout, "timeout", 0, "take at most this `DURATION` to stop; 0 kills at once")
	fs.BoolVar(&f.dryRun, "dry-run", false, "show what would be removed, and do nothing")
	grouped(cmd, groupWhat, "volumes", "keep-images")
	for _, n := range []string{"volumes", "keep-images", "timeout", "dry-run"} {
		withoutEnv(fs.Lookup(n))
	}
	return cmd
}

func (a *app) runDown(ctx context.Context, f *downFlags, o local.DownOptions, args []string) error {
	m, id, err := a.podMeant(ctx, f.here, args)
	if err != nil {
		return err
	}
	defer m.Engine.Close()
	o.ID = id
	if f.dryRun {
		d, err := m.Ps(ctx, id)
		if err != nil {
			return err
		}
		lines := []string{"stop and remove pod " + d.ID}
		for _, c := range d.Containers {
			lines = append(lines, "  container "+c.Name)
		}
		return a.printLines(lines)
	}
	if err := m.Down(ctx, o); err != nil {
		return err
	}
	a.ui().Say("pod %s is gone", id)
	return nil
}
