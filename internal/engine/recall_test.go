package engine

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// teller is an engine at a socket of this process, which counts how often it is
// asked what it is.
type teller struct {
	asked  int
	name   string // of its host
	socket string
}

func (e *teller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/info") {
		e.asked++
		_, _ = io.WriteString(w, `{"ServerVersion":"20.10.24","CgroupDriver":"cgroupfs","Architecture":"x86_64","Name":"`+e.name+`","KernelVersion":"`+kernel()+`"}`)
		return
	}
	w.WriteHeader(http.StatusNotFound)
}

func startTeller(t *testing.T, name string) *teller {
	t.Helper()
	dir, err := os.MkdirTemp("", "dce") //nolint:usetesting // that one is too long: a socket's path may have 107 characters
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	e := &teller{name: name, socket: filepath.Join(dir, "d.sock")}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", e.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(e)
	server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return e
}

// ask asks by a connection of its own, as every process does.
func (e *teller) ask(t *testing.T, memory string) Info {
	t.Helper()
	api, err := client.New(client.WithHost("unix://"+e.socket), client.WithAPIVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	i, err := (&Engine{api: api, log: slog.New(slog.DiscardHandler), memory: memory, callTimeout: time.Minute}).Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// What an engine is does not change while its process lives, so it is asked once;
// who asks, and what else is kept where, makes no difference.
func TestAnEngineIsAskedOnceWhatItIs(t *testing.T) {
	if listenerHere(t) == "" {
		t.Skip("who listens at a socket is not told on this system")
	}
	memory := t.TempDir()
	e := startTeller(t, hostname())
	first := e.ask(t, memory)
	if second := e.ask(t, memory); first != second || e.asked != 1 {
		t.Errorf("asked %d times: %+v, then %+v", e.asked, first, second)
	}
	if first.CgroupDriver != "cgroupfs" || first.Arch != "amd64" || !first.Local {
		t.Errorf("got %+v", first)
	}

	files, err := filepath.Glob(filepath.Join(memory, "engine-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("kept: %q, %v", files, err)
	}
	kept, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"another process has said it": strings.Replace(string(kept), `"process":"`, `"process":"another `, 1),
		"the file was cut off":        string(kept[:len(kept)/2]),
		"the file is empty":           "",
	} {
		t.Run(name, func(t *testing.T) {
			before := e.asked
			if err := os.WriteFile(files[0], []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if again := e.ask(t, memory); again != first || e.asked != before+1 {
				t.Errorf("asked %d times more: %+v", e.asked-before, again)
			}
		})
	}
}

func TestWhatIsNotKeptOfAnEngine(t *testing.T) {
	for name, tc := range map[string]struct{ host, memory string }{
		"of one on another machine": {"elsewhere", t.TempDir()},
		"without a directory":       {hostname(), ""},
		"where it is not there":     {hostname(), filepath.Join(t.TempDir(), "none")},
	} {
		t.Run(name, func(t *testing.T) {
			e := startTeller(t, tc.host)
			e.ask(t, tc.memory)
			if e.ask(t, tc.memory); e.asked != 2 {
				t.Errorf("asked %d times", e.asked)
			}
		})
	}
}

// listenerHere is what is told of this process as who listens.
func listenerHere(t *testing.T) string {
	t.Helper()
	e := startTeller(t, "")
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "unix", e.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return listener(conn)
}
