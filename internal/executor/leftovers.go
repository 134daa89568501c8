package executor

import (
	"context"
	"log/slog"
	"path"
	"time"

	"dce/internal/cgroup"
	"dce/internal/lease"
	"dce/internal/pod"
	"dce/internal/sweep"
)

const (
	// sweepTime bounds an executor's sweep of its host, and sweepGrace the stop of
	// each orphan: what is left then is the next sweep's, which must not begin
	// the same grace again.
	sweepTime  = 90 * time.Second
	sweepGrace = time.Minute
)

// sweep removes the orphans of this host: what executors before have left, for
// whatever reason. It runs beside the launch, and nothing waits for it.
func (x *executor) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepTime)
	defer cancel()
	docker, err := x.connect(ctx)
	if err != nil {
		return // the launch says it
	}
	tree, err := cgroup.Detect()
	if err != nil {
		x.o.Log.Debug("no sweep of this host", slog.Any("err", err))
		return
	}
	grace := sweepGrace
	s := sweep.Sweeper{
		Engine: docker, Cgroups: sweep.Machine{Tree: tree}, Leases: x.operator.Leases,
		KeepMost: x.operator.KeepFailedMost, Now: x.o.Now, Log: x.o.Log,
	}
	r, err := s.Sweep(ctx, sweep.Options{Grace: &grace})
	if err != nil {
		x.o.Log.Debug("no sweep of this host", slog.Any("err", err))
		return
	}
	for _, pod := range r.LeftAlone {
		x.o.Log.Warn("a pod cannot be judged and is left alone", slog.String("pod", pod.Pod), slog.String("reason", pod.Reason))
	}
	x.o.Log.Debug("swept this host", slog.Int("orphans", len(r.Orphans)), slog.Int("alive", r.Alive), slog.Duration("took", r.Took))
}

// noteOwn notes in the lease whose it is, and which cgroup the agent has given.
func (x *executor) noteOwn() {
	n := lease.Note{Executor: x.o.Environment.ExecutorID, Framework: x.o.Environment.FrameworkID, Holder: &x.identity}
	if parent, err := x.members.TaskParent(); err == nil && isContainers(parent, x.members, x.container) {
		n.Cgroup = parent
		if tree, err := cgroup.Detect(); err == nil {
			n.Agents = tree.Inodes(parent)
		}
	}
	x.note(n)
}

// noteCgroup notes the cgroup that a pod gets from dce where the agent has
// given none.
func (x *executor) noteCgroup(podID string) {
	if x.notes[0].Cgroup == "" {
		x.note(lease.Note{Cgroup: path.Join(cgroup.Root, podID)})
	}
}

func (x *executor) note(n lease.Note) {
	x.notes = append(x.notes, n)
	x.writeNotes()
}

// noteStart marks the lease as written to: what the engine is asked for from now
// on may appear after the death of this process.
func (x *executor) noteStart() { x.writeNotes() }

func (x *executor) writeNotes() {
	if x.lease == nil {
		return
	}
	x.notes[0].Written = lease.Uptime()
	if err := x.lease.Write(x.notes); err != nil {
		x.o.Log.Warn("writing to the lease", slog.Any("err", err))
	}
}

// remains are what an ended pod leaves on the machine.
type remains struct {
	pod string
	// keep is for how long it is kept for inspection.
	keep time.Duration
	// failed says that not all of it could be removed.
	failed bool
}

func (r *run) remains(p pod.Pod) remains {
	left := remains{pod: r.podID, failed: r.life.Left()}
	if p.Rules.Keep || p.Rules.KeepFailed && p.State == pod.Failed {
		left.keep = r.keep
	}
	return left
}

func (x *executor) remember(left remains) {
	if left.keep > 0 {
		x.note(lease.Note{Pod: left.pod, KeptUntil: x.o.Now().Add(left.keep), KeptUptime: lease.Uptime() + left.keep})
	}
	x.keeps = x.keeps || left.failed || left.keep > 0
}

// giveBack ends the lease. Where something is left on the machine its file
// stays: nobody holds it, and so every sweep finds what it is about.
func (x *executor) giveBack() {
	if x.lease == nil {
		return
	}
	end := x.lease.Release
	if x.keeps || len(x.tasks) > 0 {
		end = x.lease.Leave
	}
	if err := end(); err != nil {
		x.o.Log.Warn("giving the lease back", slog.Any("err", err))
	}
}
