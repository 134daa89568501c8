package local

import (
	"context"

	"dce/internal/lease"
)

// keeper is the process that looks after a pod while it lives: this one, or a
// monitor in the background. It holds the pod's lease.
type keeper interface {
	// identity goes into the pod's labels.
	identity() lease.Identity
	// run brings the pod up. It returns when the pod has ended or, with a keeper
	// that goes on by itself, when it runs.
	run(ctx context.Context, o order) (outcome, error)
	// release gives the lease back, or leaves the pod to a monitor that goes on.
	release() error
}

// attached is the keeper that this process is.
type attached struct {
	machine *Machine
	stops   *stops
	lease   *lease.Lease
}

func (m *Machine) attach(id string, s *stops) (keeper, error) {
	l, err := lease.Keep(m.Dirs.Leases, elementOf(id))
	if err != nil {
		return nil, err
	}
	return &attached{machine: m, stops: s, lease: l}, nil
}

func (a *attached) identity() lease.Identity {
	id, err := lease.Here().Self(a.lease.Path())
	if err != nil {
		return lease.Identity{Lease: a.lease.Path()} // the lock alone is evidence enough
	}
	return id
}

func (a *attached) run(ctx context.Context, o order) (outcome, error) {
	view := newView(a.machine, o)
	defer view.close(context.WithoutCancel(ctx))
	l, err := attend(ctx, a.machine, o, audience{progress: view, report: view.report, reach: view.reach, beforeRemove: view.drain})
	if err != nil {
		return outcome{}, err
	}
	a.stops.living(l.kill)
	defer a.stops.living(nil)
	return l.run(context.WithoutCancel(ctx)), nil
}

func (a *attached) release() error { return a.lease.Release() }
