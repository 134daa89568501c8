package local

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"dce/internal/engine"
	"dce/internal/pod"
	"dce/internal/progress"
)

// drainTime is how long the end of a pod waits for the last of its log lines.
// The engine ends a log's stream some milliseconds after its container.
const drainTime = 3 * time.Second

// view is an attached pod as a person sees it: progress until it runs, the
// lines of its services from then on, and what happens in between.
type view struct {
	machine *Machine
	order   order

	mu      sync.Mutex
	display Progress         // open until the pod runs or fails
	held    []engine.LogLine // lines that wait for the display to close

	last   time.Time // of the line seen last
	logs   context.CancelFunc
	ended  sync.Once
	over   chan struct{} // closed when no container will start any more
	logged chan struct{} // closed when the last line was read; nil before the first
}

func newView(m *Machine, o order) *view {
	return &view{machine: m, order: o, display: m.Screen.Progress()}
}

// On implements progress.Sink.
func (v *view) On(e progress.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.display != nil {
		v.display.On(e)
	}
}

func (v *view) report(p pod.Pod) {
	switch p.State {
	case pod.Starting:
		v.follow()
	case pod.Running:
		if v.closeDisplay() {
			v.machine.Screen.Say("pod %s runs; Ctrl-C stops it", v.order.ID)
			v.machine.sayPorts(v.order.Ports)
		}
	case pod.Aborting, pod.Stopping:
		v.closeDisplay()
		if p.Reason.Cause != pod.CauseKill {
			v.machine.Screen.Say("%s: stopping the pod", p.Reason)
		}
	default:
	}
}

// follow reads what the services write, from their first line on, and through
// a restart of the engine.
func (v *view) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	v.logs, v.over, v.logged = cancel, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(v.logged)
		for {
			err := v.machine.Engine.Logs(ctx, v.order.ID, v.unread(), v.line)
			if err == nil || ctx.Err() != nil {
				return
			}
			v.machine.Log.Warn("following the logs", slog.Any("err", err))
			select {
			case <-ctx.Done():
				return
			case <-v.over:
				return
			case <-time.After(time.Second):
			}
		}
	}()
}

// unread selects the lines after the last one.
func (v *view) unread() engine.LogOptions {
	v.mu.Lock()
	defer v.mu.Unlock()
	o := engine.LogOptions{Follow: true, Tail: "all", Until: v.over}
	if !v.last.IsZero() {
		next := v.last.Add(time.Nanosecond)
		o.Since = fmt.Sprintf("%d.%09d", next.Unix(), next.Nanosecond())
	}
	return o
}

func (v *view) line(l engine.LogLine) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if l.Time.After(v.last) {
		v.last = l.Time
	}
	if v.display != nil {
		v.held = append(v.held, l)
		return
	}
	v.machine.Screen.Line(l)
}

// closeDisplay ends the progress display and shows the lines that waited for
// it. It reports whether there was one.
func (v *view) closeDisplay() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.display == nil {
		return false
	}
	v.display.Close()
	v.display = nil
	for _, l := range v.held {
		v.machine.Screen.Line(l)
	}
	v.held = nil
	return true
}

// drain waits for the last lines, before their containers are removed.
func (v *view) drain(ctx context.Context) {
	if v.logged == nil {
		return
	}
	v.ended.Do(func() { close(v.over) })
	timer := time.NewTimer(drainTime)
	defer timer.Stop()
	select {
	case <-v.logged:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// close ends everything that was opened.
func (v *view) close(ctx context.Context) {
	v.closeDisplay()
	if v.logs != nil {
		v.drain(ctx) // with --keep nothing was drained yet
		v.logs()
		<-v.logged
	}
}
