package sweep

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// gather is how long a watch waits after a death for others: the kernel tells
	// of a closed file before it gives the lock back (fs/file_table.c, __fput).
	gather = 50 * time.Millisecond
	// again is how long after a death a watch looks once more: for what the engine
	// has made since, and for a lock that was given back late.
	again = 3 * time.Second
	// rest is how long a watch looks at nothing when nothing happens. It is there
	// for executors that could take no lease.
	rest = 10 * time.Minute
	// retryMax is the longest pause before an engine that could not be reached, or
	// a pod that could not be removed, is tried anew.
	retryMax = time.Minute
)

// Watch is a daemon that sweeps whenever an executor dies.
type Watch struct {
	// Leases is the directory whose files tell of deaths.
	Leases  string
	Options Options
	// Sweep sweeps once. It connects to the engine anew: at rest there is no
	// connection.
	Sweep func(context.Context, Options) (Report, error)
	// Report takes what a sweep has done, one call at a time.
	Report func(Report)
	// Now is the clock by which pods are kept; nil is the machine's.
	Now func() time.Time
	Log *slog.Logger
}

// Run watches until ctx ends. It returns an error only where deaths cannot be
// seen at all.
func (w Watch) Run(ctx context.Context) error {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = retryMax
	for ctx.Err() == nil {
		if err := os.MkdirAll(w.Leases, 0o755); err != nil {
			return fmt.Errorf("making the lease directory: %w", err)
		}
		if err := w.watch(ctx, pause); err != nil {
			return err
		}
	}
	return nil
}

// watch lives as long as the directory of leases does.
func (w Watch) watch(ctx context.Context, pause *backoff.ExponentialBackOff) error {
	seen, err := watchDeaths(w.Leases)
	if err != nil {
		return err
	}
	defer seen.Close()
	next := w.sweep(ctx, pause)
	for {
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			next = w.sweep(ctx, pause)
		case _, ok := <-seen.C:
			timer.Stop()
			if !settle(ctx, seen.C) || !ok {
				return nil
			}
			next = min(w.sweep(ctx, pause), again)
		}
	}
}

// settle waits for the deaths that come with one; false when ctx has ended.
func settle(ctx context.Context, deaths <-chan struct{}) bool {
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case _, ok := <-deaths:
			if !ok {
				deaths = nil
			}
		case <-timer.C:
			return true
		}
	}
}

// sweep sweeps once and says after which time the next is due.
func (w Watch) sweep(ctx context.Context, pause *backoff.ExponentialBackOff) time.Duration {
	defer giveMemoryBack()
	r, err := w.Sweep(ctx, w.Options)
	switch {
	case ctx.Err() != nil:
		return rest
	case err != nil:
		next := pause.NextBackOff()
		w.Log.Warn("sweeping this host", slog.Any("err", err), slog.Duration("again_in", next))
		return next
	}
	w.Report(r)
	if r.failed() {
		return pause.NextBackOff()
	}
	pause.Reset()
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	return w.due(r, now())
}

// due is when there is a reason to look without a death: the first pod whose
// time for inspection is over.
func (w Watch) due(r Report, now time.Time) time.Duration {
	next := rest
	for _, k := range r.Kept {
		next = min(next, max(k.KeptUntil.Sub(now), 0)+time.Millisecond)
	}
	return next
}
