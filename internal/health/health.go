// Package health runs the health check that a framework put into a task: HTTP,
// TCP or a command, at its pace, with Mesos' rules on what a result means. It
// reports verdicts to whoever runs the pod and ends nothing itself. Docker's
// own HEALTHCHECKs are the engine's, not this package's.
package health

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dce/internal/wait"
)

// Pace is when a check is made and what its failures mean. The defaults that
// Mesos documents (mesos.proto, HealthCheck: delay 15 s, interval 10 s, timeout
// 20 s, 3 failures, grace 10 s) are the caller's to fill in.
type Pace struct {
	Delay    time.Duration // before the first check
	Interval time.Duration // between the end of one and the start of the next
	Timeout  time.Duration // of one check; zero is no bound
	Grace    time.Duration // failures before the first success count only after it
	Failures int           // in a row, after which the task is to be killed; at least 1
}

// Verdict is what a result means for the task. It is given only when something
// changed: the first success, and the first after failures, and every failure
// that counts.
type Verdict struct {
	Healthy bool
	// Fatal: the task has failed too often in a row and is to be killed.
	Fatal bool
	// Message says what failed and how often, empty when healthy.
	Message string
}

// Probe makes one check. Its error says in words what was wrong; one that wraps
// ErrNoResult says that nothing was found out.
type Probe func(ctx context.Context) error

// ErrNoResult is that of a check that could not be made at all, such as while
// the engine restarts: it neither counts as a failure nor ends a row of them.
var ErrNoResult = errors.New("the check could not be made")

// tracker is the memory of a check: pure, so that Mesos' rules
// (checks/health_checker.cpp, 1.11) are readable and testable in one place.
type tracker struct {
	pace      Pace
	failures  int
	succeeded bool
}

// next takes the result of a check made so long after the start of checking,
// and says whether it means anything.
func (t tracker) next(err error, since time.Duration) (tracker, Verdict, bool) {
	if err == nil {
		changed := !t.succeeded || t.failures > 0
		t.succeeded, t.failures = true, 0
		return t, Verdict{Healthy: true}, changed
	}
	if errors.Is(err, ErrNoResult) || !t.succeeded && since < t.pace.Grace {
		return t, Verdict{}, false
	}
	t.failures++
	limit := max(t.pace.Failures, 1)
	return t, Verdict{
		Fatal:   t.failures >= limit,
		Message: fmt.Sprintf("health check failed %d of %d times in a row: %s", t.failures, limit, err),
	}, true
}

// Run checks until ctx ends or a verdict is fatal, and tells each verdict. It
// returns when no check is under way any more.
func Run(ctx context.Context, pace Pace, probe Probe, tell func(Verdict)) {
	start := time.Now()
	t := tracker{pace: pace}
	pause := pace.Delay
	for wait.For(ctx, pause) {
		err := once(ctx, pace.Timeout, probe)
		if ctx.Err() != nil {
			return
		}
		var v Verdict
		var changed bool
		if t, v, changed = t.next(err, time.Since(start)); changed {
			tell(v)
		}
		if v.Fatal {
			return
		}
		pause = pace.Interval
	}
}

func once(ctx context.Context, timeout time.Duration, probe Probe) error {
	if timeout <= 0 {
		return probe(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %s", timeout))
	defer cancel()
	err := probe(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, ErrNoResult) {
		return context.Cause(ctx)
	}
	return err
}
