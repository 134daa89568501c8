package sweep

import (
	"context"
	"errors"
	"slices"
	"strings"

	"dce/internal/cgroup"
	"dce/internal/lease"
	"dce/internal/reap"
)

// removeParents removes the parent cgroups of a pod's containers that are the
// pod's alone. Where its executor has noted them, they go with its lease: the
// agent's own hierarchies are left to the agent then.
func (l *look) removeParents(ctx context.Context, p reap.Pod, parents []string) error {
	var noted []string
	if l.ours(p.Owner.Lease) {
		notes, _ := lease.Notes(p.Owner.Lease) // what cannot be read is lost
		for _, n := range notes {
			noted = append(noted, n.Cgroup)
		}
	}
	for _, parent := range parents {
		if slices.Contains(noted, parent) || !ownParent(p, parent) {
			continue
		}
		l.mu.Lock()
		l.parents = append(l.parents, parent)
		l.mu.Unlock()
		if err := l.removeParent(ctx, parent); err != nil {
			return err
		}
	}
	return nil
}

func (l *look) removeParent(ctx context.Context, parent string) error {
	if !l.Cgroups.Exists(parent) {
		return nil
	}
	return l.Cgroups.Remove(ctx, parent, nil)
}

// removeAgain removes the parents of orphans once more: a container whose start
// was under way when it was removed makes its own anew (seen in chaos, on a
// loaded machine; where there is a lease, it has a note of it).
func (l *look) removeAgain(ctx context.Context) error {
	var failures []error
	for _, parent := range l.parents {
		failures = append(failures, l.removeParent(ctx, parent))
	}
	return errors.Join(failures...)
}

// ownParent reports whether a cgroup is of this pod and no other: one of its
// parts is the id of the container that Mesos gave. dce-go's is its executor's,
// at least two levels deep and never one of dce's.
func ownParent(p reap.Pod, parent string) bool {
	parts := strings.Split(strings.TrimPrefix(parent, "/"), "/")
	if p.DCEGo {
		return len(parts) > 1 && parts[0] != "dce"
	}
	id, _, _ := strings.Cut(p.ID, ".") // further tasks of one executor: "id.2"
	return id != "" && (slices.Contains(parts, p.ID) || slices.Contains(parts, id))
}

// Machine are the cgroups of this machine.
type Machine struct{ Tree cgroup.Tree }

// Exists implements Cgroups.
func (m Machine) Exists(parent string) bool { return m.Tree.Exists(parent) }

// Occupied implements Cgroups.
func (m Machine) Occupied(parent string) bool { return m.Tree.Occupied(parent) }

// Remove implements Cgroups.
func (m Machine) Remove(ctx context.Context, parent string, agents map[string]uint64) error {
	return m.Tree.RemoveExcept(ctx, parent, agents)
}
