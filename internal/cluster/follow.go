package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// FollowOptions say how a deployment is followed.
type FollowOptions struct {
	// Timeout bounds it; zero is no bound.
	Timeout time.Duration
	// Every is how often the scheduler is asked where no event says that it is
	// worth it; zero means one second.
	Every time.Duration
	// Show is called with news, from one goroutine. May be nil.
	Show func(Line)
	// Seen is called with each observation. May be nil.
	Seen func(Observation)
	// Troubled is called when asking fails, once until it works again (nil). May
	// be nil.
	Troubled func(error)
}

// settle is how long events are gathered before the scheduler is asked: they
// come in bursts.
const settle = 50 * time.Millisecond

// Follow watches a deployment until it ends, the time is up, or ctx is done:
// then the deployment goes on by itself.
func Follow(ctx context.Context, s Scheduler, g Goal, o FollowOptions) Watch {
	f := &follower{scheduler: s, options: o, watch: Watch{Goal: g}}
	listening, stop := context.WithCancel(ctx)
	events := make(chan Event, 64) // a burst, while the scheduler is asked
	var listener sync.WaitGroup
	listener.Go(func() { s.Events(listening, func(e Event) { pass(listening, events, e) }) })
	f.run(ctx, events)
	stop()
	listener.Wait()
	return f.watch
}

func pass(ctx context.Context, to chan<- Event, e Event) {
	select {
	case to <- e:
	case <-ctx.Done():
	}
}

// follower owns one Watch.
type follower struct {
	scheduler Scheduler
	options   FollowOptions
	watch     Watch
	troubled  bool
}

func (f *follower) run(ctx context.Context, events <-chan Event) {
	every := f.options.Every
	if every == 0 {
		every = time.Second
	}
	deadline, stop := after(f.options.Timeout)
	defer stop()
	next := time.NewTimer(0)
	defer next.Stop()
	for f.watch.End == "" {
		select {
		case <-ctx.Done():
			f.watch.End, f.watch.Reason = Interrupted, "the deployment goes on"
		case <-deadline:
			f.take(Deadline{})
		case e := <-events:
			f.take(Heard{e})
			next.Reset(settle)
		case <-next.C:
			f.ask(ctx)
			next.Reset(every)
		}
	}
}

func after(d time.Duration) (<-chan time.Time, func()) {
	if d <= 0 {
		return nil, func() {}
	}
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// askLimit bounds one question, so that a cluster that hangs does not outlast
// the deployment's own time by much.
const askLimit = 15 * time.Second

func (f *follower) ask(ctx context.Context) {
	asking, cancel := context.WithTimeoutCause(ctx, askLimit, fmt.Errorf("no answer within %s", askLimit))
	defer cancel()
	o, err := f.scheduler.Observe(asking)
	if err != nil {
		f.trouble(ctx, err)
		return
	}
	f.trouble(ctx, nil)
	if f.options.Seen != nil {
		f.options.Seen(o)
	}
	f.take(Seen{o})
}

// trouble tells of questions that fail, and of the first that does not any
// more. The cluster may come back: only the deadline ends the waiting.
func (f *follower) trouble(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return
	}
	if f.options.Troubled != nil && f.troubled != (err != nil) {
		f.options.Troubled(err)
	}
	f.troubled = err != nil
}

func (f *follower) take(in Input) {
	var lines []Line
	f.watch, lines = f.watch.Next(in)
	if f.options.Show == nil {
		return
	}
	for _, l := range lines {
		f.options.Show(l)
	}
}
