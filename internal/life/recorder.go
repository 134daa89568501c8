package life

import (
	"context"
	"slices"
	"sync"
	"time"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/supervisor"
	"dce/internal/wait"
)

// recorder keeps what went wrong in the engine as it was said, with code and
// hint: the pod itself needs only the words.
type recorder struct {
	supervisor.Engine

	beforeRemove func(ctx context.Context)
	patience     time.Duration // of a removal, with an engine that is away

	mu   sync.Mutex
	seen diag.List
	left bool // the last removal did not remove everything
}

// Prepare implements supervisor.Engine.
func (r *recorder) Prepare(ctx context.Context) error { return r.note(ctx, r.Engine.Prepare(ctx)) }

// Start implements supervisor.Engine.
func (r *recorder) Start(ctx context.Context) error { return r.note(ctx, r.Engine.Start(ctx)) }

// Remove implements supervisor.Engine.
func (r *recorder) Remove(ctx context.Context) error {
	if r.beforeRemove != nil {
		r.beforeRemove(ctx)
	}
	err := r.remove(ctx)
	r.mu.Lock()
	r.left = err != nil
	r.mu.Unlock()
	return r.note(ctx, err)
}

// removePause is between two tries to remove a pod.
const removePause = 500 * time.Millisecond

// remove tries once more what went wrong, and again for as long as the engine is
// away: an engine that is restarted takes the containers along, and what is left
// of them would stay on the machine.
func (r *recorder) remove(ctx context.Context) error {
	err := r.Engine.Remove(ctx)
	until := time.Now().Add(r.patience)
	for again := r.patience > 0; err != nil && again && wait.For(ctx, removePause); {
		err = r.Engine.Remove(ctx)
		again = engine.Unreachable(err) && time.Now().Before(until)
	}
	return err
}

// note leaves out what is only the echo of being told to stop.
func (r *recorder) note(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		problems, ok := diag.Of(err)
		if !ok {
			problems = diag.List{{Summary: err.Error()}}
		}
		r.seen = append(r.seen, problems...)
	}
	return err
}

func (r *recorder) problems() diag.List {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}
