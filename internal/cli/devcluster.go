package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/devcluster"
	"dce/internal/local"
	"dce/internal/term"
)

// jobTry is the job of trying things out, in the root's help.
const jobTry = "try"

func (a *app) devclusterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "devcluster",
		GroupID: jobTry,
		Short:   "Run a cluster of one node on this machine, to try things",
		Long: `A stand-in for a cluster, in one process on this machine: the API of Marathon and
an agent of Mesos that really starts executors. It is for trying dce deploy, and
for tests. It is no cluster for production: it has one machine, forgets its apps
when it ends, and lets anybody on this machine in.`,
		Example: `# start it, see what it runs, stop it again
dce devcluster start
dce devcluster status
dce devcluster stop`,
		Args:        cobra.ArbitraryArgs,
		RunE:        parent,
		Annotations: map[string]string{seeKey: "`dce help`, docs/devcluster.md for how to have it misbehave"},
	}
	cmd.AddCommand(a.devclusterStartCommand(), a.devclusterStopCommand(), a.devclusterStatusCommand())
	return cmd
}

// devclusterFlags are what `dce devcluster start` takes.
type devclusterFlags struct {
	foreground    bool
	ready         bool
	addr          string
	cpus          float64
	mem           sizeFlag
	secrets       string
	launchTimeout time.Duration
}

func (a *app) devclusterStartCommand() *cobra.Command {
	f := &devclusterFlags{}
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Start it in the background",
		Long: `Starts the cluster and returns when it answers. It runs until dce devcluster stop
or until this machine is turned off, and keeps its files in the user's state
directory. As root its executors get cgroups, as on an agent; as another user
their limits are not enforced.`,
		Example: `# start it, then deploy to it
dce devcluster start

# stay here, and end it with Ctrl-C
dce devcluster start --foreground

# on a free port, with more to offer than this machine has
dce devcluster start --addr 127.0.0.1:0 --cpus 64 --mem 64GiB`,
		Args: noArgs,
		Annotations: map[string]string{
			seeKey:   "`dce devcluster status`, `dce devcluster stop`",
			exitsKey: "4 it did not start",
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.foreground, "foreground", false, "stay in the foreground until Ctrl-C")
	fs.StringVar(&f.addr, "addr", devcluster.DefaultAddr, "serve the API of Marathon on `HOST:PORT`; port 0 is a free one")
	coresVar(fs, &f.cpus, "cpus", "offer that many processors (four times as many as there are)")
	fs.Var(&f.mem, "mem", "offer that much memory (16GiB)")
	fs.StringVar(&f.secrets, "secrets", "", "let apps use the secrets in `DIR`: a file for each, named as its source")
	durationVar(fs, &f.launchTimeout, "launch-timeout", 5*time.Minute, "kill a task that does not run after this `DURATION`")
	fs.BoolVar(&f.ready, "ready", false, "say on a pipe when it answers")
	_ = fs.MarkHidden("ready") // the flag is there
	withoutEnv(fs.Lookup("foreground"))
	withoutEnv(fs.Lookup("ready"))
	grouped(cmd, groupWhat, "addr", "cpus", "mem", "secrets", "launch-timeout")
	cmd.RunE = a.plain(func(ctx context.Context, _ []string) error {
		home, err := a.devclusterHome()
		if err != nil {
			return err
		}
		if f.secrets != "" && !filepath.IsAbs(f.secrets) { // the background has another directory
			f.secrets = filepath.Join(a.env.Dir, f.secrets)
		}
		if f.foreground {
			return a.keepDevcluster(ctx, home, f)
		}
		return a.startDevcluster(ctx, home, f)
	})
	return cmd
}

// devclusterHome is where the cluster of this user is.
func (a *app) devclusterHome() (devcluster.Home, error) {
	dirs, err := local.FindDirs(a.getenv, os.Getuid())
	if err != nil {
		return devcluster.Home{}, err
	}
	return devcluster.Home{Dir: filepath.Join(filepath.Dir(dirs.State), "devcluster")}, nil
}

func (a *app) devclusterStopCommand() *cobra.Command {
	var now bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "End it and all its tasks",
		Long: `Ends all tasks within their grace, then the cluster, and removes its sandboxes.
Its log stays.`,
		Example: `# end it
dce devcluster stop

# without waiting for the tasks' grace
dce devcluster stop --now

# but no longer than a minute
dce devcluster stop --timeout 1m`,
		Args:        noArgs,
		Annotations: map[string]string{exitsKey: "6 it did not end in time"},
	}
	cmd.Flags().BoolVar(&now, "now", false, "kill the tasks, without any grace")
	durationVar(cmd.Flags(), &timeout, "timeout", 3*time.Minute, "wait at most this `DURATION` for the end")
	withoutEnv(cmd.Flags().Lookup("now"))
	withoutEnv(cmd.Flags().Lookup("timeout"))
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error {
		home, err := a.devclusterHome()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		ran, err := home.Stop(ctx, now)
		switch {
		case err != nil:
			return err
		case ran:
			a.ui().Say("the devcluster is gone")
		default:
			a.ui().Say("no devcluster runs")
		}
		return nil
	})
	return cmd
}

// devclusterStatus is what `dce devcluster status -o json` prints.
type devclusterStatus struct {
	SchemaVersion int                `json:"schema_version"`
	Running       bool               `json:"running"`
	Cluster       *devcluster.Record `json:"cluster,omitempty"`
	Apps          []devcluster.App   `json:"apps"`
}

func (a *app) devclusterStatusCommand() *cobra.Command {
	output := choice{value: "table", allowed: []string{"table", "json", "yaml"}}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show where it is and what it runs",
		Long:  "Shows the addresses of the cluster, its apps and their tasks.",
		Example: `# see what it runs
dce devcluster status

# its address, for a script
dce devcluster status -q

# all of it, for a script
dce devcluster status -o json`,
		Args: noArgs,
	}
	cmd.Flags().VarP(&output, "output", "o", "print as `table|json|yaml`")
	grouped(cmd, groupOutput, "output")
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error { return a.showDevcluster(ctx, output.value) })
	return cmd
}

func (a *app) showDevcluster(ctx context.Context, format string) error {
	home, err := a.devclusterHome()
	if err != nil {
		return err
	}
	s := devclusterStatus{SchemaVersion: 1, Apps: []devcluster.App{}}
	record, runs, err := home.Record()
	if err != nil {
		return err
	}
	if s.Running = runs; runs {
		s.Cluster = &record
		if s.Apps, err = devcluster.Look(ctx, record); err != nil {
			return err
		}
	}
	switch {
	case format != "table":
		return a.printValue(format, s)
	case !runs:
		a.ui().Say("no devcluster runs; start one with: dce devcluster start")
		return nil
	case a.common.quiet:
		fmt.Fprintln(a.ui().Out(), record.URL)
		return nil
	}
	a.ui().Say("Marathon %s, Mesos %s, process %d since %s ago", record.URL, record.Mesos, record.PID, age(record.Started))
	a.ui().Say("log %s, sandboxes %s", record.Log, record.Work)
	if len(s.Apps) == 0 {
		a.ui().Say("no apps")
		return nil
	}
	a.ui().Table(devclusterTable(s.Apps))
	return nil
}

func devclusterTable(apps []devcluster.App) term.Table {
	t := term.Table{Header: []string{"APP", "TASK", "STATE", "PORTS", "LAST FAILURE"}}
	for _, app := range apps {
		summary := fmt.Sprintf("%d of %d run", app.Running, app.Instances)
		if app.Healthy+app.Unhealthy > 0 {
			summary += fmt.Sprintf(", %d healthy", app.Healthy)
		}
		if app.Deploying {
			summary += ", deploying"
		}
		t.Rows = append(t.Rows, []string{app.ID, "-", summary, "-", cmp.Or(firstLine(app.LastReason), "-")})
		for _, task := range app.Tasks {
			var ports []string
			for _, p := range task.Ports {
				ports = append(ports, strconv.Itoa(p))
			}
			t.Rows = append(t.Rows, []string{"", task.ID, task.State, cmp.Or(strings.Join(ports, ","), "-"), "-"})
		}
	}
	return t
}
