package engine

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"dce/internal/progress"
)

// stops counts the containers that are being stopped.
type stops struct {
	mu             sync.Mutex
	now, most, all int
}

func (s *stops) add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now += n
	s.most, s.all = max(s.most, s.now), s.all+max(0, n)
}

// ServeHTTP implements http.Handler: a stop takes a while.
func (s *stops) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/stop") {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message":"not here"}`)
		return
	}
	s.add(1)
	defer s.add(-1)
	<-time.After(10 * time.Millisecond)
	w.WriteHeader(http.StatusNoContent)
}

// A sweep stops what others have made, however many containers that are.
func TestNotAllContainersStopAtOnce(t *testing.T) {
	t.Parallel()
	s := &stops{}
	server := httptest.NewServer(s)
	defer server.Close()
	api, err := client.New(client.WithHost("tcp://"+strings.TrimPrefix(server.URL, "http://")), client.WithHTTPClient(server.Client()))
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	p := &Pod{
		engine: &Engine{api: api, log: slog.New(slog.DiscardHandler), callTimeout: time.Minute},
		spec:   Spec{StopsAtOnce: 3, Progress: progress.Discard()},
	}
	living := make([]container.Summary, 40)
	for i := range living {
		living[i] = container.Summary{ID: fmt.Sprintf("%012d", i), State: container.StateRunning}
	}
	if err := p.stopOnce(t.Context(), living, func() time.Duration { return -1 }); err != nil {
		t.Fatal(err)
	}
	if s.all != len(living) || s.most > 3 {
		t.Errorf("%d of %d were stopped, %d at once", s.all, len(living), s.most)
	}
}
