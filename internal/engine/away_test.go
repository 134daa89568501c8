package engine_test

import (
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"dce/internal/engine"
)

func TestAwayAsksByANewConnection(t *testing.T) {
	t.Parallel()
	var hangs atomic.Bool
	socket := filepath.Join(t.TempDir(), "d.sock")
	var c net.ListenConfig
	listener, err := c.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if hangs.Load() {
			<-r.Context().Done()
		}
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	e, err := engine.Connect(t.Context(), engine.Options{Host: "unix://" + socket, CallTimeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	away := func(when string, want bool) {
		t.Helper()
		if e.Away(t.Context(), nil) != want {
			t.Errorf("%s: away is %v", when, !want)
		}
	}
	away("an engine that answers", false)
	hangs.Store(true)
	away("a socket that is held for the next engine", true)
	hangs.Store(false)
	_, lost := engine.Connect(t.Context(), engine.Options{Host: "unix://" + filepath.Join(t.TempDir(), "no.sock")})
	if !e.Away(t.Context(), lost) {
		t.Error("one that was out of reach while the pod stopped is not away")
	}
	listener.Close() // what is connected stays so
	away("an engine that takes no new calls", true)
}
