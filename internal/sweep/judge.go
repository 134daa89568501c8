package sweep

import (
	"context"
	"path/filepath"
	"strconv"
	"time"

	"dce/internal/lease"
	"dce/internal/reap"
)

// judge says whether the executor of a pod lives. A lock that is free although the
// process lives was perhaps unlinked while it was held and made anew by somebody
// else.
func (l *look) judge(ctx context.Context, p reap.Pod) reap.Verdict {
	if p.DCEGo {
		return l.judgeDCEGo(ctx, p)
	}
	id := l.identity(p.Owner)
	v := l.host.Judge(id)
	if v.State == lease.Gone && l.host.SameProcess(id) {
		return reap.Verdict{State: reap.Unknown, Reason: v.Reason + ", though " + l.host.Process(id).Reason}
	}
	return reap.Verdict{State: reap.State(v.State), Reason: v.Reason}
}

// identity is what labels say of an executor, without what cannot be believed.
func (l *look) identity(o reap.Owner) lease.Identity {
	id := lease.Identity{BootID: o.Boot, Start: o.Start}
	if pid, err := strconv.Atoi(o.PID); err == nil {
		id.PID = pid
	}
	if l.ours(o.Lease) {
		id.Lease = o.Lease
	}
	return id
}

// ours reports whether a lease is one of this host's directory. Another one's
// path is not even opened.
func (s *Sweeper) ours(path string) bool {
	return path != "" && filepath.Clean(path) == path && filepath.Dir(path) == s.Leases && lease.IsFile(filepath.Base(path))
}

// judgeDCEGo judges a pod that says nothing of its executor. It is looked at
// because somebody names that executor as removed; what contradicts is a
// process in the cgroup that Mesos gave it, which dce-go made the parent of its
// containers (reference/dce-go.md C.5).
func (l *look) judgeDCEGo(ctx context.Context, p reap.Pod) reap.Verdict {
	parents, err := l.Engine.Parents(ctx, containers(p))
	if err != nil {
		return reap.Verdict{State: reap.Unknown, Reason: "its cgroup cannot be looked at: " + err.Error()}
	}
	for _, parent := range parents {
		if l.Cgroups.Occupied(parent) {
			return reap.Verdict{State: reap.Unknown, Reason: "a process lives in its executor's cgroup " + parent}
		}
	}
	return reap.Verdict{State: reap.Gone, Reason: "its executor " + p.Owner.Executor + " was named as removed"}
}

func containers(p reap.Pod) []string {
	var ids []string
	for _, t := range p.Things {
		if t.Kind == reap.Container {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// dyingTime is how long a process that has ended may take to let go of its lock,
// after which it is not its own.
const dyingTime = time.Second

// awaitDying waits for the locks of executors that are dead to everybody else, by
// their leases. One that is free is not waited for.
func awaitDying(ctx context.Context, idle []string) {
	ctx, cancel := context.WithTimeout(ctx, dyingTime)
	defer cancel()
	for _, path := range idle {
		_ = lease.Wait(ctx, path)
	}
}
