package engine_test

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"dce/internal/engine"
)

// listing is an engine that lists containers with these labels; what it sends
// can be cut off, or be a refusal.
func listing(t *testing.T, labels map[string]string, n int, cut int, refuses string) *engine.Engine {
	t.Helper()
	one, err := json.Marshal(map[string]any{"Id": "c1", "Names": []string{"/web"}, "State": "running", "Created": 7, "Labels": labels, "Mounts": []string{}})
	if err != nil {
		t.Fatal(err)
	}
	host := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if !strings.HasSuffix(r.URL.Path, "/containers/json") {
			return
		}
		if refuses != "" {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"message":"`+refuses+`"}`)
			return
		}
		if r.URL.Query().Get("filters") != `{"label":{"dce.front":true}}` || r.URL.Query().Get("all") != "1" {
			t.Errorf("asked %s", r.URL)
		}
		text := "["
		for i := range n {
			text += strings.Repeat(",", min(i, 1)) + string(one)
		}
		text += "]"
		_, _ = io.WriteString(w, text[:len(text)-cut])
	})
	e, err := engine.Connect(t.Context(), engine.Options{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestAListHasTheLabelsThatMeanSomething(t *testing.T) { //nolint:paralleltest // it measures memory
	long := strings.Repeat("x", 1<<20)
	e := listing(t, map[string]string{"dce.pod": "p", "taskId": "t", "dce.lease": long, "somebody's": long, "com.docker.compose.service": "web"}, 20, 0, "")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	things, err := e.Containers(t.Context(), "dce.front")
	if err != nil || len(things) != 20 {
		t.Fatalf("%d things, %v", len(things), err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 30<<20 { //nolint:gosec // sizes
		t.Errorf("%d MB are kept", kept>>20)
	}
	c := things[0]
	if c.Name != "web" || !c.Running || c.Created.Unix() != 7 || c.Labels["dce.pod"] != "p" || c.Labels["taskId"] != "t" || c.Labels["com.docker.compose.service"] != "web" {
		t.Errorf("got %s %v", c.Name, c.Running)
	}
	if _, ok := c.Labels["somebody's"]; ok || len(c.Labels["dce.lease"]) <= 4096 || len(c.Labels["dce.lease"]) > 16<<10 {
		t.Errorf("a lease of %d bytes, and what means nothing: %v", len(c.Labels["dce.lease"]), ok)
	}
}

func TestAListThatIsCutOffIsNone(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]*engine.Engine{
		"its end":   listing(t, nil, 3, 1, ""),
		"in one":    listing(t, nil, 3, 20, ""),
		"a refusal": listing(t, nil, 3, 0, "it cannot be done"),
	} {
		if things, err := e.Containers(t.Context(), "dce.front"); err == nil || things != nil {
			t.Errorf("%s: %v, %v", name, things, err)
		} else if name == "a refusal" && !strings.Contains(err.Error(), "it cannot be done") {
			t.Errorf("got %v", err)
		}
	}
}
