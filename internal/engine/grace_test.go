package engine

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// stopper is an engine with one container, which asks for a grace in seconds.
// It notes what it was asked to give.
type stopper struct {
	asks int
	got  string
}

func (e *stopper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/stop") {
		e.got = r.URL.Query().Get("t")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, fmt.Sprintf(`{"Config":{"StopTimeout":%d}}`, e.asks))
}

// A stop_grace_period is somebody's word: any number that an engine takes.
func TestAGraceThatNobodyCanWaitForIsADay(t *testing.T) {
	t.Parallel()
	for asks, want := range map[int]string{
		0: "0", 60: "60", 24 * 60 * 60: "86400", 720 * 60 * 60: "86400",
		2562047*60*60 + 47*60: "86400", // compose's longest: the time for the kill behind it does not fit in any more
		1 << 62:               "86400",
		-1:                    "86400", // for ever, to an engine
		-1 << 63:              "86400",
	} {
		t.Run(fmt.Sprint(asks, " seconds"), func(t *testing.T) {
			t.Parallel()
			e := &stopper{asks: asks}
			server := httptest.NewServer(e)
			defer server.Close()
			api, err := client.New(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithAPIVersion("1.41"))
			if err != nil {
				t.Fatal(err)
			}
			p := &Pod{engine: &Engine{api: api}}
			b := &bound{until: func() time.Duration { return -1 }}
			if err := p.ask(t.Context(), container.Summary{ID: "c"}, b); err != nil || e.got != want {
				t.Errorf("%v: gave %s, want %s", err, e.got, want)
			}
		})
	}
}
