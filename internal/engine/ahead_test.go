package engine_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/engine"
	"dce/internal/enginetest"
)

// counter passes calls on to the machine's engine, and counts them.
type counter struct {
	http.Handler

	mu    sync.Mutex
	calls []string
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // without the API's version
	c.calls = append(c.calls, r.Method+" "+path)
	c.mu.Unlock()
	c.Handler.ServeHTTP(w, r)
}

// counted are the calls since it was asked last, and how often each was made.
func (c *counter) counted() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := map[string]int{}
	for _, call := range c.calls {
		counts[call]++
	}
	c.calls = nil
	return counts
}

func startCounter(t *testing.T) (c *counter, host string) {
	t.Helper()
	socket, ok := strings.CutPrefix(enginetest.Require(t).DaemonHost(), "unix://")
	if !ok {
		t.Skip("the engine is not at a socket of this machine")
	}
	passOn := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	passOn.FlushInterval = -1
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	passOn.Transport = transport
	c = &counter{Handler: passOn}
	dir, err := os.MkdirTemp("", "dce") //nolint:usetesting // that one is too long: a socket's path may have 107 characters
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	at := filepath.Join(dir, "d.sock")
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", at)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(c)
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	return c, "unix://" + at
}

// What compose asks before it makes anything is asked ahead, and not again: should
// a newer compose ask otherwise, this says so.
func TestNothingIsAskedTwiceAtAStart(t *testing.T) {
	t.Parallel()
	c, host := startCounter(t)
	f := newFixture(t, "ahead")
	f.engine = enginetest.Connect(t, engine.Options{Host: host})
	p := f.pod(`
  web:
    %shared%
    command: [sleep, "1000"]
    stop_signal: KILL
`)
	if err := p.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.counted()
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := c.counted()
	looks := map[string]int{}
	for call, n := range got {
		if strings.HasPrefix(call, "POST ") || strings.HasPrefix(call, "GET containers/") && call != "GET containers/json" {
			continue // what is made, and the look at it
		}
		looks[call] = n
	}
	want := map[string]int{
		"GET containers/json": 2, // before and after
		"GET networks":        1, "GET volumes": 1,
		"GET images/dce/infra:1/json": 1, "GET images/" + f.image + "/json": 1, // Engine 28 is asked for the manifests too
	}
	if diff := cmp.Diff(want, looks); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	f.down(p)
	if n := c.counted()["GET containers/json"]; n > 8 {
		t.Errorf("containers were listed %d times to stop and remove", n)
	}
}
