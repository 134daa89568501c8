package engine_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"dce/internal/engine"
	"dce/internal/enginetest"
)

// Those that wait for a container which cannot be made never hide why.
func TestAPodSaysWhichContainerCannotBeMade(t *testing.T) {
	t.Parallel()
	c, host := startCounter(t)
	passOn := c.Handler
	c.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/containers/create") && strings.Contains(r.URL.RawQuery, "infra") {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"message":"mkdir /var/lib/docker/overlay2/1: no space left on device"}`)
			return
		}
		passOn.ServeHTTP(w, r)
	})
	f := newFixture(t, "refused")
	f.engine = enginetest.Connect(t, engine.Options{Host: host})
	var services strings.Builder
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		services.WriteString("  " + name + ":\n    %shared%\n    command: [sleep, '9']\n")
	}
	p := f.pod(services.String())
	if err := p.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := p.Start(t.Context()); !hasCode(err, "DCE321") {
			t.Errorf("got %v", err)
		}
	}
	f.down(p)
}
