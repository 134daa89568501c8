package sweep

import (
	"context"
	"slices"
	"strings"

	"dce/internal/cgroup"
	"dce/internal/lease"
	"dce/internal/reap"
)

// removeParents removes the parent cgroups of a pod's containers that are the
// pod's alone. Where its executor has noted them, they go with its lease: the
// agent's own hierarchies are left to the agent then.
func (s *Sweeper) removeParents(ctx context.Context, p reap.Pod, parents []string) error {
	var noted []string
	if s.ours(p.Owner.Lease) {
		notes, err := lease.Notes(p.Owner.Lease)
		if err != nil {
			return err
		}
		for _, n := range notes {
			noted = append(noted, n.Cgroup)
		}
	}
	for _, parent := range parents {
		if slices.Contains(noted, parent) || !ownParent(p, parent) || !s.Cgroups.Exists(parent) {
			continue
		}
		if err := s.Cgroups.Remove(ctx, parent, nil); err != nil {
			return err
		}
	}
	return nil
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
