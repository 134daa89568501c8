package supervisor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// cgroupTime bounds the removal of a cgroup: after the last process was killed
// it stays busy for about 20 ms (reference/compose.md section 6).
const cgroupTime = 2 * time.Second

// Cgroup is the parent cgroup of a pod's containers.
type Cgroup interface {
	Create(ctx context.Context) error
	// Remove removes it in every hierarchy; one that is not there is no error. It
	// tries again while the cgroup is busy, until ctx ends.
	Remove(ctx context.Context) error
}

// InCgroup is an engine whose pod has a parent cgroup of its own: made before
// anything else, removed after everything else. What makes it differs between
// fronts; when, does not.
func InCgroup(e Engine, c Cgroup) Engine { return inCgroup{e, c} }

type inCgroup struct {
	Engine

	cgroup Cgroup
}

// Prepare implements Engine.
func (e inCgroup) Prepare(ctx context.Context) error {
	if err := e.cgroup.Create(ctx); err != nil {
		return fmt.Errorf("making the pod's cgroup: %w", err)
	}
	return e.Engine.Prepare(ctx)
}

// Remove implements Engine. A pod of which something is left keeps its cgroup.
func (e inCgroup) Remove(ctx context.Context) error {
	if err := e.Engine.Remove(ctx); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, cgroupTime)
	defer cancel()
	if err := e.cgroup.Remove(bounded); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("removing the pod's cgroup: %w", err)
	}
	return nil
}
