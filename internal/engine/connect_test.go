package engine_test

import (
	"context"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"testing"
	"time"

	"dce/internal/diag"
	"dce/internal/engine"
)

// standIn listens on a socket as an engine would.
func standIn(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "d.sock")
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return "unix://" + socket
}

func TestConnectSaysWhatIsWrongWithTheEngine(t *testing.T) {
	t.Parallel()
	old := standIn(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.39") })
	hangs := standIn(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	hangsUp := standIn(t, func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			c.Close()
		}
	})
	for name, test := range map[string]struct {
		host string
		code diag.Code
	}{
		"nobody is there":     {"unix://" + filepath.Join(t.TempDir(), "no.sock"), "DCE301"},
		"nobody listens":      {"tcp://127.0.0.1:1", "DCE301"},
		"it is too old":       {old, "DCE303"},
		"it does not answer":  {hangs, "DCE305"},
		"it closes the line":  {hangsUp, "DCE304"},
		"the name is unknown": {"tcp://no-such-host.invalid:2375", "DCE301"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			e, err := engine.Connect(ctx, engine.Options{Host: test.host})
			if !hasCode(err, test.code) {
				t.Errorf("got %v (%v), want %s", err, e, test.code)
			}
		})
	}
}

// An engine may answer whether it is there, and be deadlocked in all else.
func TestNoCallWaitsForEver(t *testing.T) {
	t.Parallel()
	host := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if path.Base(r.URL.Path) != "_ping" {
			<-r.Context().Done()
		}
	})
	e, err := engine.Connect(t.Context(), engine.Options{Host: host, CallTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	calls := map[string]func(context.Context) error{
		"info":    func(ctx context.Context) error { _, err := e.Info(ctx); return err },
		"pods":    func(ctx context.Context) error { _, err := e.Pods(ctx, nil); return err },
		"ports":   func(ctx context.Context) error { _, err := e.PublishedPorts(ctx); return err },
		"logs":    func(ctx context.Context) error { return e.Logs(ctx, "x", engine.LogOptions{}, func(engine.LogLine) {}) },
		"inspect": func(ctx context.Context) error { _, err := e.Inspect(ctx, "x"); return err },
		"images":  func(ctx context.Context) error { _, err := e.Built(ctx, "x"); return err },
		"stop": func(ctx context.Context) error {
			_, err := e.Pod(engine.Spec{PodID: "x"}).Stop(ctx, func() time.Duration { return 0 }, "")
			return err
		},
		"remove": func(ctx context.Context) error { return e.Pod(engine.Spec{PodID: "x"}).Remove(ctx) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := call(ctx); !hasCode(err, "DCE305") || ctx.Err() != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}
