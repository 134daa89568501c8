package mesos

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// firstWindow is how long the first subscription is tried for without
	// checkpointing: nothing runs yet, so nothing is lost by it.
	firstWindow = 10 * time.Second
	// answerLimit bounds the wait for the first event of a subscription. It is
	// long, since a LAUNCH that is under way when it ends would be lost.
	answerLimit = time.Minute
	// steady is how long a subscription must have held for the pauses to begin
	// small again.
	steady = 5 * time.Second
)

// retry decides when to subscribe again, and when to give up.
type retry struct {
	checkpoint bool
	recovery   time.Duration
	pause      *backoff.ExponentialBackOff
	// since is when the agent was lost, zero while it is there; held when the
	// last subscription began.
	since, held time.Time
}

// newRetry pauses for at most 3/8 of the backoff's upper bound: that bound is
// also how long a restarted agent waits for its executors, so the attempt after
// its first answer must fall well within it.
func newRetry(env Environment) *retry {
	bound := max(env.BackoffMax, 8*time.Millisecond)
	return &retry{
		checkpoint: env.Checkpoint,
		recovery:   env.RecoveryTimeout,
		pause: &backoff.ExponentialBackOff{
			InitialInterval:     min(50*time.Millisecond, bound/8),
			RandomizationFactor: backoff.DefaultRandomizationFactor,
			Multiplier:          backoff.DefaultMultiplier,
			MaxInterval:         bound / 4,
		},
	}
}

func (r *retry) window() time.Duration {
	switch {
	case r.checkpoint:
		return r.recovery
	case r.held.IsZero():
		return firstWindow
	default:
		return 0
	}
}

// subscribed notes that the agent is there.
func (r *retry) subscribed(now time.Time) { r.since, r.held = time.Time{}, now }

// next is the pause before the next attempt, false to give up.
func (r *retry) next(now time.Time) (time.Duration, bool) {
	if r.since.IsZero() {
		r.since = now
		if !r.held.IsZero() && now.Sub(r.held) >= steady {
			r.pause.Reset()
		}
	}
	left := r.left(now)
	return min(r.pause.NextBackOff(), left), left > 0
}

// limit bounds the time that one attempt may take.
func (r *retry) limit(now time.Time) time.Duration {
	if r.since.IsZero() {
		return answerLimit
	}
	return max(min(answerLimit, r.left(now)), time.Millisecond)
}

func (r *retry) left(now time.Time) time.Duration { return r.window() - now.Sub(r.since) }

// sleep waits for d, false when ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
