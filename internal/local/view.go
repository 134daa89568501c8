package local

import (
	"context"
	"sync"
	"time"

	"dce/internal/engine"
	"dce/internal/life"
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
	ending  bool // the pod was told to end; only report's

	mu      sync.Mutex
	display Progress         // open until the pod runs or fails
	held    []engine.LogLine // lines that wait for the display to close

	logs *life.Logs
}

func newView(m *Machine, o order) *view {
	v := &view{machine: m, order: o, display: m.Screen.Progress()}
	v.logs = life.NewLogs(m.Engine, o.ID, m.Log, v.line)
	return v
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
		v.logs.Start()
	case pod.Running:
		if v.closeDisplay() {
			v.machine.Screen.Say("pod %s runs; Ctrl-C stops it", v.order.ID)
			v.machine.sayPorts(v.order.Ports)
		}
	case pod.Aborting, pod.Stopping:
		v.closeDisplay()
		if !v.ending && !tellsAfterwards(p.Reason.Cause) {
			v.machine.Screen.Say("%s: stopping the pod", p.Reason)
		}
		v.ending = true
	default:
	}
}

// tellsAfterwards reports whether a reason is known already, or is told with
// all that belongs to it when the pod is gone, which is soon.
func tellsAfterwards(c pod.Cause) bool {
	return c == pod.CauseKill || c == pod.CausePrepare || c == pod.CauseStart
}

// reach tells why nothing is heard of the pod. A start without its engine ends
// in an error that tells.
func (v *view) reach(back bool) {
	v.mu.Lock()
	starting := v.display != nil
	v.mu.Unlock()
	if starting {
		return
	}
	switch bound := v.order.Rules.EngineTimeout; {
	case back:
		v.machine.Screen.Say("the Docker engine is back")
	case bound > 0:
		v.machine.Screen.Say("the Docker engine does not answer: waiting for it, %s at most", bound)
	default:
		v.machine.Screen.Say("the Docker engine does not answer: waiting for it")
	}
}

func (v *view) line(l engine.LogLine) {
	v.mu.Lock()
	defer v.mu.Unlock()
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
func (v *view) drain(ctx context.Context) { v.logs.Drain(ctx, drainTime) }

// close ends everything that was opened.
func (v *view) close(ctx context.Context) {
	v.closeDisplay()
	v.drain(ctx) // with --keep nothing was drained yet
	v.logs.Close()
}
