package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dce/internal/diag"
	"dce/internal/pod"
)

// errLeaving is the cause of a cancelled effect when the supervision ends.
var errLeaving = errors.New("the supervision of the pod ends")

// errAborted is the cause of a cancelled effect when the pod is told to stop.
var errAborted = errors.New("the pod is told to stop")

// loop is the state of one Run. Only its goroutine touches it; work and out
// wait for the goroutines that it started.
type loop struct {
	*Supervisor
	leave  context.CancelCauseFunc
	pod    pod.Pod
	over   bool
	timers map[pod.Timer]*timer
	sets   int // how often a timer was set: tells a late TimedOut from a valid one

	work    sync.WaitGroup
	busy    bool                    // an effect of the engine is under way
	cancel  context.CancelCauseFunc // of the effect under way
	waiting []pod.Effect            // effects that wait for the one under way
	bound   *atomic.Pointer[time.Time]

	out *outbox
}

type timer struct {
	set  int
	stop func() bool
}

func newLoop(ctx context.Context, leave context.CancelCauseFunc, s *Supervisor) *loop {
	l := &loop{
		Supervisor: s,
		leave:      leave,
		pod:        pod.Pod{State: pod.Idle, Rules: s.o.Rules},
		timers:     map[pod.Timer]*timer{},
		bound:      &atomic.Pointer[time.Time]{},
		out:        newOutbox(s.o),
	}
	l.work.Go(func() { s.o.Engine.Watch(ctx, s.Post) })
	return l
}

// end waits for all that the loop has started.
func (l *loop) end() {
	l.leave(errLeaving)
	for _, t := range l.timers {
		t.stop()
	}
	l.work.Wait()
	l.out.end()
}

func (l *loop) handle(ctx context.Context, m message) {
	if l.stale(m) {
		return
	}
	if m.done {
		l.busy = false
		l.cancel = nil
	}
	was := l.pod
	next, effects := pod.Next(l.pod, m.event)
	l.pod = next
	l.note(was, m.event)
	for _, e := range effects {
		l.do(e)
	}
	l.doWaiting(ctx)
}

// stale reports whether the message is from a timer that was set anew or
// cleared after it had run out.
func (l *loop) stale(m message) bool {
	e, ok := m.event.(pod.TimedOut)
	if !ok || m.timer == 0 {
		return false
	}
	t := l.timers[e.Timer]
	return t == nil || t.set != m.timer
}

// note writes the timeline and logs a change of state.
func (l *loop) note(was pod.Pod, e pod.Event) {
	if line, ok := lineOf(was, l.pod, e, l.o.Now()); ok {
		l.out.line(line)
	}
	if was.State != l.pod.State {
		l.o.Log.Info("pod changed state", slog.String("from", string(was.State)), slog.String("state", string(l.pod.State)))
	}
	if was.EngineLost != l.pod.EngineLost {
		l.o.Log.Warn("the engine comes or goes", slog.Bool("lost", l.pod.EngineLost))
		l.out.reach(!l.pod.EngineLost)
	}
	if e, ok := e.(pod.Removed); ok && e.Err != "" {
		l.o.Log.Error("removing the pod left something behind", slog.String("err", e.Err))
	}
}

func (l *loop) do(e pod.Effect) {
	switch e := e.(type) {
	case pod.Report:
		l.out.report(l.pod)
	case pod.SetTimer:
		l.setTimer(e)
	case pod.ClearTimer:
		l.clearTimer(e.Timer)
	case pod.Cancel:
		if l.cancel != nil {
			l.cancel(errAborted)
		}
	case pod.Hasten:
		l.hasten(e.By)
	case pod.Exit:
		l.over = true
	default:
		l.waiting = append(l.waiting, e)
	}
}

// doWaiting begins the next effect of the engine once the one before has
// returned: never two of them on one pod at once.
func (l *loop) doWaiting(ctx context.Context) {
	if l.busy || len(l.waiting) == 0 || l.over {
		return
	}
	effect := l.waiting[0]
	l.waiting = l.waiting[1:]
	if stop, ok := effect.(pod.Stop); ok {
		l.hasten(stop.By)
	}

	ctx, cancel := context.WithCancelCause(ctx)
	l.busy, l.cancel = true, cancel
	began := l.o.Now()
	l.work.Go(func() {
		defer cancel(nil)
		result := l.perform(ctx, effect)
		l.o.Log.Info("effect done", slog.Any("effect", effect), slog.Duration("took", l.o.Now().Sub(began)))
		l.mail.put(message{event: result, done: true})
	})
}

// perform does an effect of the engine and returns its result. It runs aside
// and touches nothing of the loop but the bound.
func (l *loop) perform(ctx context.Context, e pod.Effect) pod.Event {
	switch e := e.(type) {
	case pod.Prepare:
		return pod.Prepared{Err: text(l.o.Engine.Prepare(ctx))}
	case pod.Start:
		return pod.Started{Err: text(l.o.Engine.Start(ctx))}
	case pod.Stop:
		evidence, err := l.o.Engine.Stop(ctx, l.left, e.Evidence)
		return pod.Stopped{Err: text(err), Evidence: evidence, Away: l.o.Away != nil && l.o.Away(ctx, err)}
	case pod.Remove:
		if e.Keep {
			return pod.Removed{}
		}
		return pod.Removed{Err: text(l.o.Engine.Remove(ctx))}
	}
	return nil
}

// text is an error in the words of a reason: of diagnostics, what happened.
// Their code and their hint are the front's to show.
func text(err error) string {
	if err == nil {
		return ""
	}
	list, ok := diag.Of(err)
	if !ok {
		return err.Error()
	}
	var all []string
	for _, d := range list {
		all = append(all, d.Summary)
	}
	return strings.Join(all, "; ")
}

// hasten sets the moment by which a stop must end, where that is before the one
// that was set already; zero is no such moment.
func (l *loop) hasten(by time.Duration) {
	at := l.o.Now().Add(by)
	if set := l.bound.Load(); by == 0 || set != nil && set.Before(at) {
		return
	}
	l.bound.Store(&at)
}

// left is the time that a stop still has, negative for no bound.
func (l *loop) left() time.Duration {
	at := l.bound.Load()
	if at == nil {
		return -1
	}
	return max(0, at.Sub(l.o.Now()))
}

func (l *loop) setTimer(e pod.SetTimer) {
	l.clearTimer(e.Timer)
	l.sets++
	set := l.sets
	t := time.AfterFunc(e.After, func() {
		l.mail.put(message{event: pod.TimedOut{Timer: e.Timer}, timer: set})
	})
	l.timers[e.Timer] = &timer{set: set, stop: t.Stop}
}

func (l *loop) clearTimer(name pod.Timer) {
	if t := l.timers[name]; t != nil {
		t.stop()
		delete(l.timers, name)
	}
}
