package sweep

import (
	"context"
	"log/slog"
	"time"

	"dce/internal/lease"
	"dce/internal/reap"
	"dce/internal/render"
)

// unsure is for how long a pod is kept of which the engine does not say when it
// has ended.
const unsure = time.Minute

// kept is until when a pod is to be kept: as its executor has noted, and where the
// notes are lost, as after a reboot, by what the pod itself says.
func (l *look) kept(ctx context.Context, p reap.Pod) time.Time {
	if l.host.Before(p.Owner.Boot) {
		return l.keptOver(ctx, p)
	}
	var notes []lease.Note
	if l.ours(p.Owner.Lease) {
		notes, _ = lease.Notes(p.Owner.Lease) // what cannot be read is lost
	}
	if len(notes) == 0 {
		until, _ := l.labelled(ctx, p)
		return until
	}
	for _, n := range notes {
		if n.Pod == p.ID {
			return l.keptAs(n)
		}
	}
	return time.Time{}
}

// keptAs is the time that a note of this boot tells. The clock since boot has it,
// whatever was done to the other one since. Without that one, a time farther off
// than anybody may ask for is no time: the clock was set.
func (l *look) keptAs(n lease.Note) time.Time {
	now, most := l.now(), l.KeepMost
	if n.KeptUptime > 0 {
		return now.Add(min(n.KeptUptime-lease.Uptime(), most))
	}
	if n.KeptUntil.Sub(now) > most {
		return time.Time{}
	}
	return n.KeptUntil
}

// keptOver is until when a pod of a former boot is kept: its label says for how
// long after its end. Only one that had ended when this machine was started had
// failed and was kept; the others died with it, and the engine has found them
// dead at its own start.
func (l *look) keptOver(ctx context.Context, p reap.Pod) time.Time {
	until, ended := l.labelled(ctx, p)
	if started := l.now().Add(-lease.Uptime()); ended.After(started) {
		return time.Time{}
	}
	return until
}

// labelled is until when a pod asks to be kept, and when it has ended: nothing
// where it does not ask, or runs. Where the engine does not say, it is kept for
// the moment, as if it had ended long ago.
func (l *look) labelled(ctx context.Context, p reap.Pod) (until, ended time.Time) {
	keep := min(keepLabel(p), l.KeepMost)
	if keep <= 0 {
		return until, ended
	}
	ended, err := l.Engine.Ended(ctx, containers(p))
	switch {
	case err != nil:
		l.Log.Debug("when a kept pod has ended", slog.String("pod", p.ID), slog.Any("err", err))
		return l.now().Add(unsure), time.Time{}
	case ended.IsZero():
		return until, ended
	}
	return ended.Add(keep), ended
}

// keepLabel is for how long after its end a pod asks to be kept: as long as each
// of its containers does.
func keepLabel(p reap.Pod) time.Duration {
	shortest := time.Duration(-1)
	for _, t := range p.Things {
		if t.Kind != reap.Container {
			continue
		}
		keep, err := time.ParseDuration(t.Labels[render.LabelKeepFailed])
		if err != nil {
			return 0
		}
		if shortest < 0 || keep < shortest {
			shortest = keep
		}
	}
	return max(0, shortest)
}
