package executor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"

	"dce/internal/pod"
)

// meter knows what an executor is at, in Prometheus' text format. It is written
// when something has changed, and never because time has passed.
type meter struct {
	file   string                         // kept up to date, none when empty
	states atomic.Pointer[map[string]int] // how many pods are in each state
	// losses counts how often the engine's event stream was lost, returns how
	// often the executor came back to its agent.
	losses, returns atomic.Int64
	kick            chan struct{}
	text            atomic.Pointer[string]
}

// newMeter makes a meter that keeps a file, or none where file is empty.
func newMeter(file string) *meter {
	m := &meter{file: file, kick: make(chan struct{}, 1)}
	m.states.Store(&map[string]int{})
	return m
}

// changed says that there is something new to show.
func (m *meter) changed() {
	select {
	case m.kick <- struct{}{}:
	default: // it is on its way
	}
}

// run shows what is new, until ctx ends.
func (m *meter) run(ctx context.Context, pending func() (int, <-chan struct{}), log *slog.Logger) {
	said, by := false, author()
	for {
		n, acknowledged := pending()
		text := m.render(n)
		m.text.Store(&text)
		if m.file != "" {
			if err := writeShared(m.file, by+text); err != nil && !said {
				said = true
				log.Warn("writing the metrics", slog.Any("err", err))
			}
		}
		select {
		case <-m.kick:
		case <-acknowledged:
		case <-ctx.Done():
			return
		}
	}
}

func (m *meter) render(pending int) string {
	var b strings.Builder
	b.WriteString("# HELP dce_executor_pods Pods of this executor by their state.\n# TYPE dce_executor_pods gauge\n")
	states := *m.states.Load()
	for _, state := range podStates() {
		fmt.Fprintf(&b, "dce_executor_pods{state=%q} %d\n", state, states[state])
	}
	for _, one := range []struct {
		name, kind, help string
		value            int64
	}{
		{"updates_unacknowledged", "gauge", "Status updates that the agent has not acknowledged.", int64(pending)},
		{"engine_events_restarts_total", "counter", "How often the event stream of the Docker engine was lost.", m.losses.Load()},
		{"agent_returns_total", "counter", "How often the executor came back to its agent.", m.returns.Load()},
	} {
		fmt.Fprintf(&b, "# HELP dce_executor_%s %s\n# TYPE dce_executor_%s %s\ndce_executor_%s %d\n",
			one.name, one.help, one.name, one.kind, one.name, one.value)
	}
	return b.String()
}

// measure takes down the states of the pods. Only the loop calls it.
func (x *executor) measure() {
	if x.meter == nil {
		return
	}
	states := map[string]int{}
	for _, t := range x.tasks {
		state := t.pod.State
		if state == "" { // it has no pod yet
			state = pod.Staging
		}
		states[string(state)]++
	}
	x.meter.states.Store(&states)
	x.meter.changed()
}

func podStates() []string {
	return []string{
		string(pod.Staging), string(pod.Starting), string(pod.Running), string(pod.Aborting), string(pod.Stopping),
		string(pod.Finished), string(pod.Failed), string(pod.Killed),
	}
}

// writer passes on the lines of a timeline and counts what is to be seen in
// them only.
func (m *meter) writer(to io.Writer) io.Writer {
	if m == nil {
		return to
	}
	return counting{to, m}
}

type counting struct {
	to    io.Writer
	meter *meter
}

// Write implements io.Writer.
func (c counting) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(`"event":"engine_lost"`)) {
		c.meter.losses.Add(1)
		c.meter.changed()
	}
	return c.to.Write(line)
}
