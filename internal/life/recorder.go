package life

import (
	"context"
	"slices"
	"sync"
	"time"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/pod"
	"dce/internal/supervisor"
	"dce/internal/wait"
)

// recorder keeps what went wrong in the engine as it was said, with code and
// hint: the pod itself needs only the words.
type recorder struct {
	supervisor.Engine

	beforeRemove func(ctx context.Context)
	patience     time.Duration // with an engine that is away
	leaves       bool          // a stop without time left waits for no engine

	// gaveUp is since when a stop has waited for the engine in vain. Stop and Remove
	// come one after the other.
	gaveUp time.Time

	mu     sync.Mutex
	seen   diag.List
	left   bool      // the last removal did not remove everything
	lost   time.Time // when the engine was lost, zero while it is there
	missed bool      // the engine was out of reach when the pod was to be stopped
}

// Prepare implements supervisor.Engine.
func (r *recorder) Prepare(ctx context.Context) error { return r.note(ctx, r.Engine.Prepare(ctx)) }

// Start implements supervisor.Engine.
func (r *recorder) Start(ctx context.Context) error { return r.note(ctx, r.Engine.Start(ctx)) }

// Watch implements supervisor.Engine. It takes note of when the engine goes.
func (r *recorder) Watch(ctx context.Context, post func(pod.Event)) {
	r.Engine.Watch(ctx, func(e pod.Event) {
		switch e.(type) {
		case pod.EngineLost:
			r.lostAt(time.Now())
		case pod.EngineBack:
			r.lostAt(time.Time{})
		default:
		}
		post(e)
	})
}

// Stop implements supervisor.Engine. It tries again as long as the engine is
// away: a pod that could not be asked to stop runs on (live-restore), and its end
// is told by what this returns. A pod that fails since the engine was away for too
// long has had that time.
func (r *recorder) Stop(ctx context.Context, until func() time.Duration, evidence string) (pod.Evidence, error) {
	var first time.Time
	for {
		found, err := r.Engine.Stop(ctx, until, evidence)
		if !engine.Unreachable(err) {
			return found, err
		}
		if first.IsZero() {
			first = time.Now()
		}
		over := !time.Now().Before(r.missing(first).Add(r.patience)) || r.leaves && until() == 0
		if over || !wait.For(ctx, awayPause) {
			r.gaveUp = first
			return found, err
		}
	}
}

func (r *recorder) lostAt(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = at
}

// missing notes that the engine does not stop the pod, and says since when it is
// away: since then at the latest.
func (r *recorder) missing(latest time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missed = true
	if r.lost.IsZero() {
		return latest
	}
	return r.lost
}

// wasMissed reports whether the engine was out of reach for the stop.
func (r *recorder) wasMissed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missed
}

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

// awayPause is between two tries to stop or remove a pod whose engine is away.
const awayPause = 500 * time.Millisecond

// remove tries once more what went wrong, and again for as long as the engine is
// away: an engine that is restarted takes the containers along, and what is left
// of them would stay on the machine.
func (r *recorder) remove(ctx context.Context) error {
	err := r.Engine.Remove(ctx)
	from := time.Now()
	if !r.gaveUp.IsZero() { // the stop has waited already
		from = r.gaveUp
	}
	until := from.Add(r.patience)
	for again := r.patience > 0; err != nil && again && wait.For(ctx, awayPause); {
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
