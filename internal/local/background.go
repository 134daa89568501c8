package local

import (
	"context"
	"errors"
	"path/filepath"

	"dce/internal/lease"
	"dce/internal/pod"
)

// background is the keeper that goes on when this process has ended.
type background struct {
	*child

	machine *Machine
	stops   *stops
	id      lease.Identity
	lives   bool // the pod runs: the monitor goes on
}

// errMonitor says that the monitor ended before its time.
var errMonitor = errors.New("the monitor ended unexpectedly")

// monitor gives the pod a monitor, and waits until that has the lease.
func (m *Machine) monitor(ctx context.Context, id string, monitors *Monitors, s *stops) (keeper, error) {
	c, err := monitors.take()
	if err != nil {
		return nil, err
	}
	b := &background{child: c, machine: m, stops: s}
	b.out.say(request{Keep: &hello{ID: id, Dirs: m.Dirs}})
	if err := b.greet(ctx); err != nil {
		return nil, errors.Join(err, b.release())
	}
	path, err := lease.Path(m.Dirs.Leases, elementOf(id))
	if err != nil {
		return nil, errors.Join(err, b.release())
	}
	if b.id, err = lease.Here().Of(b.process.Process.Pid, path); err != nil {
		b.id = lease.Identity{Lease: path} // the lock alone is evidence enough
	}
	return b, nil
}

// greet waits for the lease to be taken.
func (b *background) greet(ctx context.Context) error {
	select {
	case a, ok := <-b.answers:
		switch {
		case !ok:
			return errMonitor
		case a.Held:
			return lease.ErrHeld
		case len(a.Failed) > 0:
			return diagnostics(a.Failed).Err()
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *background) identity() lease.Identity { return b.id }

// run has the monitor bring the pod up, and shows how that goes.
func (b *background) run(_ context.Context, o order) (outcome, error) {
	view := b.machine.Screen.Progress()
	defer view.Close()
	b.out.say(request{Run: &o})
	b.stops.living(func(k pod.Kill) { b.out.say(request{Kill: &k}) })
	defer b.stops.living(nil)
	for a := range b.answers {
		switch {
		case a.Progress != nil:
			view.On(*a.Progress)
		case a.State == pod.Running:
			b.lives = true
			return outcome{State: pod.Running}, nil
		case a.Ended != nil:
			return *a.Ended, nil
		case len(a.Failed) > 0:
			return outcome{}, diagnostics(a.Failed).Err()
		}
	}
	return outcome{}, monitorDied(filepath.Join(o.Dir, logFile))
}

// release lets the monitor go its own way when its pod runs, and else waits
// until it has given the lease back, which it does when nobody wants a pod.
func (b *background) release() error {
	if b.lives {
		return b.leave(b.process.Process.Release)
	}
	return b.dismiss()
}
