package mesos

import (
	"context"
	"log/slog"
	"time"
)

const logEvery = time.Minute

// failures logs a failure that repeats: the first, then one a minute with their
// number, then that it is over.
type failures struct {
	log    *slog.Logger
	call   string
	count  int
	first  time.Time
	logged time.Time
}

func (f *failures) failed(ctx context.Context, now time.Time, err error) {
	f.count++
	if f.count == 1 {
		f.first = now
	}
	if f.count > 1 && now.Sub(f.logged) < logEvery {
		return
	}
	f.logged = now
	f.log.WarnContext(ctx, "the call to the agent failed", "call", f.call, "count", f.count, "err", err)
}

func (f *failures) recovered(ctx context.Context, now time.Time) {
	if f.count == 0 {
		return
	}
	f.log.InfoContext(ctx, "the call to the agent succeeds again", "call", f.call, "count", f.count, "duration", now.Sub(f.first))
	f.count = 0
}
