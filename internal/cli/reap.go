package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dce/internal/cgroup"
	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/project"
	"dce/internal/sweep"
	"dce/internal/term"
)

// reapFlags are what `dce reap` takes.
type reapFlags struct {
	executor  string
	framework string
	grace     time.Duration
	dryRun    bool
	watch     bool
	output    choice
	options   sweep.Options
}

func (a *app) reapCommand() *cobra.Command {
	f := &reapFlags{output: choice{value: "text", allowed: []string{"text", "json"}}}
	cmd := &cobra.Command{
		Use:     "reap",
		GroupID: jobAgents,
		Short:   "Remove the pods whose executor is gone",
		Long: `Looks for pods of Mesos executors on this machine's engine, and removes those
whose executor is provably gone: nobody holds its lease, the machine was started
again since, or its process has ended. They are stopped in the order of their
dependencies, each service with its own grace, within --grace for the whole pod;
then containers, networks, the pod's own volumes, empty cgroups and leases are
removed.

Living pods, those that cannot be judged from here, and local ones (dce up) are
left alone.`,
		Example: `# what is there to remove, and why?
dce reap --dry-run

# remove it
dce reap

# do so whenever an executor dies, as a daemon
dce reap --watch

# what the agent's hook runs when an executor has been removed
dce reap --executor-id EXECUTOR --framework-id FRAMEWORK`,
		Args:        noArgs,
		Annotations: map[string]string{seeKey: "`dce ls` for all pods of this machine"},
	}
	fs := cmd.Flags()
	idVar(fs, &f.executor, "executor-id", "only the pods of this executor (`ID`), also those that dce-go has made")
	idVar(fs, &f.framework, "framework-id", "only the pods of this framework (`ID`)")
	durationVar(fs, &f.grace, "grace", 0, "stop each pod within this `DURATION`, 10m without, whatever its services ask for; 0 kills at once")
	fs.BoolVar(&f.dryRun, "dry-run", false, "show what would be removed, and do nothing")
	fs.BoolVar(&f.watch, "watch", false, "go on, and sweep whenever an executor dies")
	fs.VarP(&f.output, "output", "o", "print as `text|json`; with --watch, one line of JSON a sweep")
	grouped(cmd, groupWhat, "executor-id", "framework-id")
	grouped(cmd, groupOutput, "output")
	for _, n := range []string{"executor-id", "framework-id", "grace", "dry-run", "watch"} {
		withoutEnv(fs.Lookup(n))
	}
	cmd.RunE = a.until(func(ctx context.Context, _ []string) error {
		f.options = sweep.Options{Executor: f.executor, Framework: f.framework, DryRun: f.dryRun}
		if cmd.Flags().Changed("grace") {
			f.options.Grace = &f.grace
		}
		return a.runReap(ctx, f)
	})
	return cmd
}

func (a *app) runReap(ctx context.Context, f *reapFlags) error {
	log := a.logger()
	operator, err := project.ReadOperator(a.env.SystemConfig)
	if err != nil {
		return err
	}
	if f.watch {
		return a.watchHost(ctx, f, operator)
	}
	r, err := a.sweepOnce(ctx, operator, log, f.options)
	if err != nil && len(r.Orphans) == 0 {
		return err
	}
	if failed := a.printReport(f.output.value, r); failed != nil || err != nil { // a sweep that was cut short has done something
		return cmp.Or(err, failed)
	}
	if r.Err() != nil {
		return notReaped(r)
	}
	return nil
}

// sweepOnce connects to the engine for one sweep.
func (a *app) sweepOnce(ctx context.Context, o project.Operator, log *slog.Logger, options sweep.Options) (sweep.Report, error) {
	leases, err := a.leases(o)
	if err != nil {
		return sweep.Report{}, err
	}
	e, err := a.hostEngine(ctx, o, leases, log)
	if err != nil {
		return sweep.Report{}, err
	}
	defer e.Close()
	tree, err := cgroup.Detect()
	if err != nil {
		return sweep.Report{}, err
	}
	s := sweep.Sweeper{
		Engine: e, Cgroups: sweep.Machine{Tree: tree}, Leases: leases, KeepMost: o.KeepFailedMost, Now: a.env.Now, Log: log,
	}
	return s.Sweep(ctx, options)
}

// watchHost sweeps until it is interrupted. What goes wrong is for the journal.
func (a *app) watchHost(ctx context.Context, f *reapFlags, o project.Operator) error {
	leases, err := a.leases(o)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(a.env.Stderr, nil))
	warnings := slog.New(slog.NewTextHandler(a.env.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})) // the report tells the rest
	told := news{app: a, format: f.output.value}
	w := sweep.Watch{
		Leases: leases, Options: f.options, Now: a.env.Now, Log: log, Report: told.print,
		Sweep: func(ctx context.Context, options sweep.Options) (sweep.Report, error) {
			return a.sweepOnce(ctx, o, warnings, options)
		},
	}
	if err := w.Run(ctx); err != nil {
		return err
	}
	return exit(a.interrupted) // nothing else ends a watch
}

// news tells what a watch does. What it leaves alone is told when that changes,
// not by every sweep.
type news struct {
	app    *app
	format string
	alone  string // what was told last
}

func (n *news) print(r sweep.Report) {
	alone := leftAlone(r)
	same := alone == n.alone
	n.alone = alone
	if did := len(r.Orphans) + len(r.Cgroups) + len(r.Leases); did == 0 && (same || alone == "") {
		return
	}
	if n.format == "json" {
		_ = json.NewEncoder(n.app.env.Stdout).Encode(sweepReport{SchemaVersion: 1, Report: r})
		return
	}
	if same {
		r.LeftAlone = nil
	}
	_ = n.app.printLines(reportLines(r))
}

// leftAlone says which pods a sweep has left alone, and why.
func leftAlone(r sweep.Report) string {
	var all strings.Builder
	for _, l := range r.LeftAlone {
		fmt.Fprintf(&all, "%q %q\n", l.Pod, l.Reason)
	}
	return all.String()
}

// hostEngine is the engine of executors, unless DOCKER_HOST says otherwise.
func (a *app) hostEngine(ctx context.Context, o project.Operator, leases string, log *slog.Logger) (*engine.Engine, error) {
	host := cmp.Or(a.getenv("DOCKER_HOST"), o.Engine)
	return engine.Connect(ctx, engine.Options{Host: host, Err: a.ui().Err(), Log: log, Memory: leases})
}

func (a *app) leases(o project.Operator) (string, error) {
	dir, err := filepath.Abs(cmp.Or(a.getenv("DCE_LEASE_DIR"), o.Leases))
	if err != nil {
		return "", fmt.Errorf("finding the lease directory: %w", err)
	}
	return dir, nil
}

// sweepReport is what `dce reap -o json` prints.
type sweepReport struct {
	SchemaVersion int `json:"schema_version"`
	sweep.Report
}

func (a *app) printReport(format string, r sweep.Report) error {
	if format == "json" {
		return a.ui().JSON(sweepReport{SchemaVersion: 1, Report: r})
	}
	if err := a.printLines(reportLines(r)); err != nil {
		return err
	}
	if len(r.Orphans)+len(r.Kept)+len(r.LeftAlone)+len(r.Leases) == 0 && r.Untidy == "" {
		a.ui().Say("nothing to remove: %d pods have a living executor, %d are local", r.Alive, r.Local)
	}
	return nil
}

func reportLines(r sweep.Report) []string {
	did := "removed"
	if r.DryRun {
		did = "would remove"
	}
	var lines []string
	for _, o := range r.Orphans {
		what, why := did, term.Clean(o.Reason)
		if o.Error != "" {
			what, why = "could not remove", why+"; "+joined(o.Error)
		}
		lines = append(lines, fmt.Sprintf("%s pod %s (task %s), %s: %s", what, term.Clean(o.Pod), term.Clean(o.Task), contents(o), why))
	}
	for _, k := range r.Kept {
		lines = append(lines, fmt.Sprintf("kept pod %s (task %s) until %s: it has failed", term.Clean(k.Pod), term.Clean(k.Task), k.KeptUntil.Format(time.RFC3339)))
	}
	for _, l := range r.LeftAlone {
		lines = append(lines, fmt.Sprintf("left alone pod %s (task %s), %s: %s", term.Clean(l.Pod), term.Clean(l.Task), contents(l), term.Clean(l.Reason)))
	}
	for _, c := range r.Cgroups {
		lines = append(lines, did+" cgroup "+term.Clean(c))
	}
	for _, l := range r.Leases {
		lines = append(lines, did+" lease "+term.Clean(l))
	}
	return lines
}

func contents(r sweep.Row) string {
	var parts []string
	for _, p := range []struct {
		names []string
		one   string
	}{{r.Containers, "container"}, {r.Networks, "network"}, {r.Volumes, "volume"}} {
		switch n := len(p.names); n {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, p.one))
		}
	}
	return strings.Join(parts, ", ")
}

// notReaped tells of the orphans that are still there, and of what else is.
func notReaped(r sweep.Report) error {
	var list diag.List
	tell := func(summary, detail string) {
		list = append(list, diag.Diagnostic{
			Code: "DCE640", Summary: summary, Detail: joined(detail), Hint: "run dce reap again, as root; see `dce explain DCE640`",
		})
	}
	if r.Untidy != "" {
		tell("cgroups or leases of executors that are gone could not be removed", r.Untidy)
	}
	for _, o := range r.Orphans {
		if o.Error != "" {
			tell("orphaned pod "+term.Clean(o.Pod)+" could not be removed", o.Error)
		}
	}
	return list.Err()
}

// joined are errors on one line, where each had its own.
func joined(errs string) string { return term.Clean(strings.ReplaceAll(errs, "\n", "; ")) }
