package local

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"dce/internal/lease"
)

// anyway is when a pod is looked at though the engine has told nothing: what its
// keeper writes down, and that it ends, is no event.
const anyway = time.Second

// settled is how long a pod is left to change on before it is looked at again: a
// container that starts is three events.
const settled = 100 * time.Millisecond

// FollowPs shows a pod whenever it has changed, until nothing of it is left.
func (m *Machine) FollowPs(ctx context.Context, id string, show func(Detail)) error {
	d, err := m.Ps(ctx, id)
	if err != nil {
		return err
	}
	show(d)
	changed, end := m.changes(ctx, id)
	defer end()
	for !d.over() {
		if err := pause(ctx, changed); err != nil {
			return err
		}
		now, err := m.Ps(ctx, id)
		switch {
		case isNoPod(err):
			m.Screen.Say("pod %s is gone", id)
			return nil
		case err != nil:
			return err
		}
		if !reflect.DeepEqual(now, d) {
			show(now)
		}
		d = now
	}
	return nil
}

// changes tells of changes of a pod: one word is enough for many, since who hears
// it looks at everything.
func (m *Machine) changes(ctx context.Context, id string) (changed <-chan struct{}, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	words := make(chan struct{}, 1)
	var watch sync.WaitGroup
	watch.Go(func() {
		m.Engine.EachChange(ctx, id, func() {
			select {
			case words <- struct{}{}:
			default:
			}
		})
	})
	return words, func() { cancel(); watch.Wait() }
}

// over says that nothing of a pod will change: nothing is left of it, or it has
// ended and is kept.
func (d Detail) over() bool {
	return len(d.Containers) == 0 || d.Failed != nil && d.Keeper != lease.Alive
}

// pause waits until it is worth looking again.
func pause(ctx context.Context, changed <-chan struct{}) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("following the pod: %w", context.Cause(ctx))
	case <-changed:
	case <-time.After(anyway):
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("following the pod: %w", context.Cause(ctx))
	case <-time.After(settled):
		return nil
	}
}
