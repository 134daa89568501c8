package executor

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// What is shown follows what happens, and nothing happens at rest.
func TestMetricsFollowWhatHappens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dce.prom")
	synctest.Test(t, func(t *testing.T) {
		m := newMeter(path)
		ctx, cancel := context.WithCancel(t.Context())
		waiting, written := 3, 0
		acknowledged := make(chan struct{})
		over := make(chan struct{})
		go func() {
			defer close(over)
			m.run(ctx, func() (int, <-chan struct{}) { written++; return waiting, acknowledged }, slog.New(slog.DiscardHandler))
		}()
		shows := func(lines ...string) {
			t.Helper()
			synctest.Wait()
			text, err := os.ReadFile(path)
			for _, line := range lines {
				if !strings.Contains(string(text), "\n"+line+"\n") {
					t.Errorf("no line %q, %v in\n%s", line, err, text)
				}
			}
		}
		shows(`dce_executor_pods{state="running"} 0`, "dce_executor_updates_unacknowledged 3", "dce_executor_engine_events_restarts_total 0")
		if _, err := m.writer(io.Discard).Write([]byte(`{"event":"engine_lost"}`)); err != nil {
			t.Fatal(err)
		}
		m.states.Store(&map[string]int{"running": 2})
		m.changed()
		shows(`dce_executor_pods{state="running"} 2`, "dce_executor_engine_events_restarts_total 1")
		synctest.Wait()
		before := written
		waiting = 0
		last := acknowledged
		acknowledged = nil
		close(last)
		shows("dce_executor_updates_unacknowledged 0")
		if written != before+1 {
			t.Errorf("written %d times for one change", written-before)
		}
		cancel()
		<-over
	})
}
