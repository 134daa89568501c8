package life

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"dce/internal/engine"
)

// Logs follows what the services of a pod write, from their first line on, and
// through a restart of the engine. Its methods are called one at a time.
type Logs struct {
	engine *engine.Engine
	podID  string
	line   func(engine.LogLine)
	log    *slog.Logger

	last   time.Time // of the line seen last; only the reading goroutine's
	cancel context.CancelFunc
	ended  sync.Once
	over   chan struct{} // closed when no container will start any more
	read   chan struct{} // closed when the last line was read; nil before the first
}

// NewLogs prepares to follow a pod. Line is called by one goroutine at a time.
func NewLogs(e *engine.Engine, podID string, log *slog.Logger, line func(engine.LogLine)) *Logs {
	return &Logs{engine: e, podID: podID, line: line, log: log}
}

// Start begins to follow; Close ends it.
func (l *Logs) Start() {
	if l.read != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel, l.over, l.read = cancel, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(l.read)
		for l.follow(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-l.over:
				return
			case <-time.After(time.Second):
			}
		}
	}()
}

// follow reads until every container has ended, or the engine is lost: then it
// is to be called again.
func (l *Logs) follow(ctx context.Context) (again bool) {
	err := l.engine.Logs(ctx, l.podID, l.unread(), func(line engine.LogLine) {
		if line.Time.After(l.last) {
			l.last = line.Time
		}
		l.line(line)
	})
	if err == nil || ctx.Err() != nil {
		return false
	}
	l.log.Warn("following the logs", slog.Any("err", err))
	return true
}

// unread selects the lines after the last one.
func (l *Logs) unread() engine.LogOptions {
	return engine.LogOptions{Follow: true, Tail: "all", Until: l.over}.After(l.last)
}

// Drain waits for the last lines of a pod of which nothing runs any more, that
// long at most: the engine ends a log's stream some milliseconds after its
// container.
func (l *Logs) Drain(ctx context.Context, within time.Duration) {
	if l.read == nil {
		return
	}
	l.ended.Do(func() { close(l.over) })
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-l.read:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Close ends the following, without waiting for more lines.
func (l *Logs) Close() {
	if l.read == nil {
		return
	}
	l.cancel()
	<-l.read
}
