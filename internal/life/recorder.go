package life

import (
	"context"
	"slices"
	"sync"

	"dce/internal/diag"
	"dce/internal/supervisor"
)

// recorder keeps what went wrong in the engine as it was said, with code and
// hint: the pod itself needs only the words.
type recorder struct {
	supervisor.Engine

	beforeRemove func(ctx context.Context)

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
	err := r.Engine.Remove(ctx)
	r.mu.Lock()
	r.left = err != nil
	r.mu.Unlock()
	return r.note(ctx, err)
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
