package local

import (
	"context"
	"sync"

	"dce/internal/supervisor"
)

// recorder keeps what went wrong in the engine as it was said, with code and
// hint: the pod itself needs only the words.
type recorder struct {
	supervisor.Engine
	// beforeRemove is waited for before anything is removed; may be nil.
	beforeRemove func(ctx context.Context)

	mu   sync.Mutex
	seen []problem
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
	return r.note(ctx, r.Engine.Remove(ctx))
}

// note leaves out what is only the echo of being told to stop.
func (r *recorder) note(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, problemsOf(err)...)
	}
	return err
}

func (r *recorder) problems() []problem {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]problem(nil), r.seen...)
}
