package sweep

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"dce/internal/rest"
)

const (
	// gather is how long a watch waits after a death for others: the kernel tells
	// of a closed file before it gives the lock back (fs/file_table.c, __fput).
	gather = 50 * time.Millisecond
	// again is how long after a death a watch looks once more: for what the engine
	// has made since, and for a lock that was given back late.
	again = 3 * time.Second
	// anyway is how long a watch looks at nothing when nothing happens. It is there
	// for executors that could take no lease.
	anyway = 10 * time.Minute
	// patience is how long a watch waits for a sweep before it looks again beside
	// it: a pod that takes its grace, of minutes, must not hold up the others.
	patience = 5 * time.Second
	// sweepsAtOnce is how many may run so. Their pods share stopsAtOnce, so that
	// more would only wait.
	sweepsAtOnce = 8
	// retryMax is the longest pause before an engine that could not be reached, or
	// a pod that could not be removed, is tried anew.
	retryMax = time.Minute
	// calm is how long after a sweep a watch gives back the memory that it took.
	calm = time.Second
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
	going := newWatching(w)
	defer going.rest.End()
	defer going.sweeps.Wait()
	for ctx.Err() == nil {
		if err := os.MkdirAll(w.Leases, 0o755); err != nil {
			return fmt.Errorf("making the lease directory: %w", err)
		}
		if err := going.watch(ctx); err != nil {
			return err
		}
	}
	return nil
}

// watching is a watch that runs.
type watching struct {
	Watch

	pause *backoff.ExponentialBackOff
	rest  *rest.Sleeper
	// ended has room for every sweep: none of them waits to be heard.
	ended   chan outcome
	running int
	sweeps  sync.WaitGroup
}

// outcome is how a sweep has ended.
type outcome struct {
	report Report
	err    error
}

func newWatching(w Watch) *watching {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = retryMax
	w.Options.removals = newRemovals()
	return &watching{Watch: w, pause: pause, rest: rest.NewSleeper(calm), ended: make(chan outcome, sweepsAtOnce)}
}

// watch lives as long as the directory of leases does.
func (w *watching) watch(ctx context.Context) error {
	seen, err := watchDeaths(w.Leases)
	if err != nil {
		return err
	}
	defer seen.Close()
	due := time.Now().Add(w.sweep(ctx))
	for {
		timer := time.NewTimer(time.Until(due))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			due = time.Now().Add(w.sweep(ctx))
		case o := <-w.ended:
			timer.Stop()
			due = earlier(due, time.Now().Add(w.took(ctx, o)))
		case _, ok := <-seen.C:
			timer.Stop()
			if !settle(ctx, seen.C) || !ok {
				return nil
			}
			due = time.Now().Add(min(w.sweep(ctx), again))
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
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

// sweep sweeps once and says after which time the next is due. A sweep that
// takes long goes on beside the watch, which hears of its end.
func (w *watching) sweep(ctx context.Context) time.Duration {
	if w.running == sweepsAtOnce {
		return again
	}
	w.running++
	w.sweeps.Go(func() {
		defer w.rest.Begin()
		r, err := w.Sweep(ctx, w.Options)
		w.ended <- outcome{r, err}
	})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case o := <-w.ended: // of this one, or of one that has begun before
		return w.took(ctx, o)
	case <-timer.C:
		return anyway
	}
}

// took reports what a sweep has done, and says when the next is due. While other
// sweeps go on, that it went well says nothing of the pods that are theirs.
func (w *watching) took(ctx context.Context, o outcome) time.Duration {
	w.running--
	switch {
	case ctx.Err() != nil:
		return anyway
	case o.err != nil:
		next := w.pause.NextBackOff()
		w.Log.Warn("sweeping this host", slog.Any("err", o.err), slog.Duration("again_in", next))
		return next
	}
	w.Report(o.report)
	if o.report.failed() {
		return w.pause.NextBackOff()
	}
	if w.running == 0 {
		w.pause.Reset()
	}
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	return w.due(o.report, now())
}

// due is when there is a reason to look without a death: the first pod whose
// time for inspection is over.
func (w Watch) due(r Report, now time.Time) time.Duration {
	next := anyway
	for _, k := range r.Kept {
		next = min(next, max(k.KeptUntil.Sub(now), 0)+time.Millisecond)
	}
	return next
}
