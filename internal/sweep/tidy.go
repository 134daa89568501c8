package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dce/internal/lease"
	"dce/internal/reap"
	"dce/internal/render"
)

// tidy removes what no engine knows of: cgroups and lease files. A lease goes
// last, when nothing that it is evidence for is left; an orphan that stays keeps
// its own, and no other.
func (l *look) tidy(ctx context.Context, plan reap.Plan, r *Report) error {
	if !l.wide {
		return nil // the leases that are free still tell that there is something
	}
	var failures []error
	for _, path := range l.left(plan) {
		switch err := l.clear(ctx, path, r); {
		case errors.Is(err, lease.ErrHeld): // its executor has only just begun
		case err != nil:
			failures = append(failures, err)
		default:
			r.Leases = append(r.Leases, path)
		}
	}
	if l.options.all() && len(l.staying) == 0 {
		markSwept(l.Leases, l.host.Boot)
	}
	return errors.Join(failures...)
}

// idle reports whether a lease is one that nobody holds and no local pod's: a
// pod of somebody on this machine is unattended without its monitor, not an
// orphan.
func (l *look) idle(path string) bool {
	return !local(path) && l.meant(path) && l.host.Idle(path)
}

// left are the leases that nothing needs any more once the orphans are gone.
func (l *look) left(plan reap.Plan) []string {
	needed := l.needed(plan)
	return slices.DeleteFunc(slices.Clone(l.free), func(path string) bool { return needed[path] || !l.host.Idle(path) })
}

// needed are the leases that something still names which is not about to go:
// also what the query leaves out.
func (l *look) needed(plan reap.Plan) map[string]bool {
	goes := map[string]bool{}
	for _, p := range plan.Orphans {
		if l.stays(p) {
			continue
		}
		for _, t := range p.Things {
			goes[string(t.Kind)+t.ID] = true
		}
	}
	needed := map[string]bool{}
	for _, t := range l.things { // whose labels are doubted needs none
		outlives := t.Kind == reap.Volume && t.Labels[render.LabelKeep] != ""
		if !goes[string(t.Kind)+t.ID] && !outlives && t.Doubt == "" {
			needed[t.Labels[render.LabelLease]] = true
		}
	}
	return needed
}

// meant leaves out the leases of executors that were not asked for.
func (l *look) meant(path string) bool {
	if l.options.all() {
		return true
	}
	notes, err := lease.Notes(path)
	return err == nil && slices.ContainsFunc(notes, func(n lease.Note) bool {
		return (l.options.Executor == "" || n.Executor == l.options.Executor) &&
			(l.options.Framework == "" || n.Framework == l.options.Framework) && n.Executor != ""
	})
}

// local reports whether a lease is of a pod of this machine: its name is the
// pod's, which starts with "local.".
func local(path string) bool { return strings.HasPrefix(filepath.Base(path), "local.") }

// wouldTidy reports what tidy would remove, and removes nothing.
func (l *look) wouldTidy(plan reap.Plan, r *Report) error {
	for _, path := range l.left(plan) {
		noted, err := l.noted(path)
		if err != nil {
			return err
		}
		for _, n := range noted {
			r.Cgroups = append(r.Cgroups, n.Cgroup)
		}
		r.Leases = append(r.Leases, path)
	}
	return nil
}

// noted are the notes of a lease that name a cgroup which is there.
func (l *look) noted(path string) ([]lease.Note, error) {
	notes, err := lease.Notes(path)
	return slices.DeleteFunc(notes, func(n lease.Note) bool { return n.Cgroup == "" || !l.Cgroups.Exists(n.Cgroup) }), err
}

// clear removes the cgroups that a dead executor has noted, and its lease.
func (l *look) clear(ctx context.Context, path string, r *Report) error {
	notes, err := l.noted(path)
	if err != nil {
		return err
	}
	for _, n := range notes {
		if err := l.Cgroups.Remove(ctx, n.Cgroup, n.Agents); err != nil {
			return err
		}
		r.Cgroups = append(r.Cgroups, n.Cgroup)
	}
	if err := lease.Clear(path); err != nil {
		return fmt.Errorf("removing a lease: %w", err)
	}
	return nil
}

// sweptFile holds the boot id of the last sweep that has looked at everything.
const sweptFile = "swept"

func sweptThisBoot(dir, boot string) bool {
	b, err := os.ReadFile(filepath.Join(dir, sweptFile))
	return err == nil && boot != "" && string(b) == boot
}

// markSwept notes that everything of former boots is gone. Without a boot id, or
// where it cannot be written, the next sweep looks at everything again.
func markSwept(dir, boot string) {
	if boot == "" || sweptThisBoot(dir, boot) {
		return
	}
	_ = os.WriteFile(filepath.Join(dir, sweptFile), []byte(boot), 0o644) //nolint:gosec // for every sweeper to read
}

// unmarkSwept has the next sweep look at everything again.
func unmarkSwept(dir string) { _ = os.Remove(filepath.Join(dir, sweptFile)) } // is not there, or not ours to make either
