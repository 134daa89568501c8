package executor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"dce/internal/diag"
	"dce/internal/pod"
)

// meter shows what an executor is at, in Prometheus' text format: in a file, as
// node_exporter's textfile collector reads them, or at an address. It is written
// when something has changed, and never because time has passed.
type meter struct {
	file   string
	states atomic.Pointer[map[string]int] // how many pods are in each state
	// losses counts how often the engine's event stream was lost, returns how
	// often the executor came back to its agent.
	losses, returns atomic.Int64
	kick            chan struct{}
	text            atomic.Pointer[string]
}

// textfile begins the value of --metrics that names a file.
const textfile = "textfile:"

// newMeter makes the meter of a value of --metrics: textfile:PATH or an address.
func newMeter(to string) *meter {
	m := &meter{kick: make(chan struct{}, 1)}
	if path, ok := strings.CutPrefix(to, textfile); ok {
		m.file = path
	}
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

// metered begins to show what the executor is at, where that is asked for. The
// function returned ends it.
func (x *executor) metered(ctx context.Context) (end func(), err error) {
	if x.meter == nil {
		return func() {}, nil
	}
	var server *http.Server
	if address := x.o.Metrics; x.meter.file == "" {
		if server, err = x.serveMetrics(ctx, address); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() { defer close(over); x.meter.run(ctx, x.session.Pending, x.o.Log) }()
	return func() {
		cancel()
		<-over
		if server != nil {
			server.Close()
		}
		if x.meter.file != "" { // who reads it would take it for a living executor's
			_ = os.Remove(x.meter.file)
		}
	}, nil
}

func (x *executor) serveMetrics(ctx context.Context, address string) (*http.Server, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, diag.Fail(noMetrics(address, err))
	}
	m := x.meter
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		if text := m.text.Load(); text != nil {
			_, _ = w.Write([]byte(*text))
		}
	})}
	x.work.Go(func() { _ = s.Serve(l) }) // it ends by Close
	return s, nil
}

// run shows what is new, until ctx ends.
func (m *meter) run(ctx context.Context, pending func() (int, <-chan struct{}), log *slog.Logger) {
	said := false
	for {
		n, acknowledged := pending()
		text := m.render(n)
		m.text.Store(&text)
		if m.file != "" {
			if err := writeShared(m.file, text); err != nil && !said {
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

// writeShared writes a file that others than its owner read.
func writeShared(path, text string) error {
	if err := writeFile(path, []byte(text)); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return fmt.Errorf("opening %s to others: %w", filepath.Base(path), err)
	}
	return nil
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

func noMetrics(address string, err error) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE629", Summary: "cannot show metrics at " + address, Detail: err.Error(),
		Hint: "name an address of this machine that is free, such as 127.0.0.1:9199, or a file: --metrics textfile:PATH", Cause: err,
	}
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
