package engine_test

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dce/internal/engine"
	"dce/internal/render"
)

// hoard is an engine with things whose labels are long and many. What it sends is
// never in memory as a whole.
type hoard struct {
	mu               sync.Mutex
	containers       []string
	networks         []string
	volumes          []string
	stopped, removed map[string]bool
}

func newHoard(n int) *hoard {
	h := &hoard{stopped: map[string]bool{}, removed: map[string]bool{}}
	for i := range n {
		h.containers = append(h.containers, fmt.Sprintf("c%012d", i))
		h.networks = append(h.networks, fmt.Sprintf("n%012d", i))
		h.volumes = append(h.volumes, fmt.Sprintf("v%012d", i))
	}
	return h
}

// write writes what tells of one thing, with 1 MB of labels.
func write(w io.Writer, head, labels string) {
	_, _ = io.WriteString(w, "{"+head+`"Labels":{`+labels)
	for i := range 100 {
		_, _ = fmt.Fprintf(w, `"dce.x%d":"%s",`, i, strings.Repeat("y", 1<<10))
	}
	_, _ = io.WriteString(w, `"somebody's":"`)
	some := strings.Repeat("z", 1<<10)
	for range 1 << 10 {
		_, _ = io.WriteString(w, some)
	}
	_, _ = io.WriteString(w, `"}}`)
}

func (h *hoard) list(w io.Writer, names []string, head func(name string) string) {
	h.mu.Lock()
	left := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return h.removed[name] })
	h.mu.Unlock()
	_, _ = io.WriteString(w, "[")
	for i, name := range left {
		_, _ = io.WriteString(w, strings.Repeat(",", min(i, 1)))
		write(w, head(name), `"dce.front":"mesos","dce.task":"t",`)
	}
	_, _ = io.WriteString(w, "]")
}

func (h *hoard) container(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	state := "running"
	if h.stopped[name] {
		state = "exited"
	}
	return fmt.Sprintf(`"Id":%q,"Names":["/%s"],"ImageID":"i","State":%q,"Created":7,"HostConfig":{"NetworkMode":"bridge"},`, name, name, state)
}

func (h *hoard) note(of map[string]bool, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	of[name] = true
}

// ServeHTTP implements http.Handler.
func (h *hoard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	dir, name := path.Split(r.URL.Path)
	switch {
	case r.Method == http.MethodDelete:
		h.note(h.removed, name)
		w.WriteHeader(http.StatusNoContent)
	case name == "stop":
		h.note(h.stopped, path.Base(dir))
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/containers/json"):
		h.list(w, h.containers, h.container)
	case name == "networks":
		h.list(w, h.networks, func(name string) string {
			return fmt.Sprintf(`"Name":%q,"Id":%q,"Created":"2026-01-02T03:04:05Z",`, name, name)
		})
	case name == "volumes":
		_, _ = io.WriteString(w, `{"Volumes":`)
		h.list(w, h.volumes, func(name string) string {
			return fmt.Sprintf(`"CreatedAt":"2026-01-02T03:04:05Z","Name":%q,`, name)
		})
		_, _ = io.WriteString(w, `,"Warnings":null}`)
	case name == "json":
		_, _ = io.WriteString(w, `{"Id":"x","State":{"Running":false,"FinishedAt":"2026-01-02T03:04:05Z"},"HostConfig":{"CgroupParent":"/a"},"Config":`)
		write(w, `"StopTimeout":1,`, "")
		_, _ = io.WriteString(w, "}")
	}
}

// peak is the most of the heap that was in use at once while something was done.
func peak(do func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // what is garbage does not count
	runtime.GC()
	var most uint64
	done := make(chan struct{})
	var sampling sync.WaitGroup
	sampling.Go(func() {
		var now runtime.MemStats
		for tick := time.NewTicker(time.Millisecond); ; {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
			select {
			case <-tick.C:
			case <-done:
				tick.Stop()
				return
			}
		}
	})
	do()
	close(done)
	sampling.Wait()
	return most
}

func TestWhatASweepTakesDoesNotGrowWithTheLabelsOfAll(t *testing.T) { //nolint:paralleltest // it measures memory
	always := func() time.Duration { return time.Minute }
	for name, does := range map[string]func(*testing.T, *engine.Engine, *hoard) error{
		"a list of containers": func(t *testing.T, e *engine.Engine, h *hoard) error {
			t.Helper()
			found, err := e.Containers(t.Context(), render.LabelFront)
			return wants(err, len(found), len(h.containers))
		},
		"a list of networks and volumes": func(t *testing.T, e *engine.Engine, h *hoard) error {
			t.Helper()
			found, err := e.Resources(t.Context(), render.LabelFront)
			return wants(err, len(found), len(h.networks)+len(h.volumes))
		},
		"a look at the cgroups": func(t *testing.T, e *engine.Engine, h *hoard) error {
			t.Helper()
			found, err := e.Parents(t.Context(), h.containers)
			return wants(err, len(found), 1)
		},
		"a look at the ends": func(t *testing.T, e *engine.Engine, h *hoard) error {
			t.Helper()
			at, err := e.Ended(t.Context(), h.containers)
			return wants(err, at.Year(), 2026)
		},
		"a removal": func(t *testing.T, e *engine.Engine, h *hoard) error {
			t.Helper()
			spec := engine.Spec{Carry: map[string]string{render.LabelTask: "t"}, RemoveVolumes: true, StopsAtOnce: 16}
			err := e.Discard(t.Context(), spec, always)
			return wants(err, len(h.removed)+len(h.stopped), 4*len(h.containers))
		},
	} {
		t.Run(name, func(t *testing.T) {
			takes := func(n int) uint64 {
				h := newHoard(n)
				e, err := engine.Connect(t.Context(), engine.Options{Host: standIn(t, h.ServeHTTP)})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				most := peak(func() { err = does(t, e, h) })
				if err != nil {
					t.Fatal(err)
				}
				return most
			}
			one, all := takes(1), takes(40)
			t.Logf("one takes %d MB, forty take %d MB", one>>20, all>>20)
			if all > 3*one { // it is 1.5 times at most, and was 4 to 20 times when all was read whole
				t.Errorf("one takes %d MB, forty take %d MB", one>>20, all>>20)
			}
		})
	}
}

func wants(err error, got, want int) error {
	if err == nil && got != want {
		return fmt.Errorf("got %d, want %d", got, want)
	}
	return err
}
