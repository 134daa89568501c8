package engine_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dce/internal/engine"
	"dce/internal/enginetest"
)

// Engine 20.10 loses the last line of a log that is followed where the line has no
// end, four times of six.
func TestALastLineWithoutAnEndIsFollowedToo(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "unended")
	const web = `
  %name%:
    %shared%
    command: [sh, -c, "echo one; sleep 1; printf 'last of %name%'"]
`
	names := []string{"a", "b", "c", "d", "e", "f"}
	var services strings.Builder
	for _, name := range names {
		services.WriteString(strings.ReplaceAll(web, "%name%", name))
	}
	p := f.pod(services.String())
	f.up(p)
	defer f.down(p)
	said := map[string][]string{}
	enough, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := f.engine.Logs(enough, f.id, engine.LogOptions{Follow: true, Services: names}, func(l engine.LogLine) {
		said[l.Service] = append(said[l.Service], l.Text)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if want := []string{"one", "last of " + name}; !slices.Equal(said[name], want) {
			t.Errorf("%s said %q, want %q", name, said[name], want)
		}
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "logs")
	p := f.pod(`
  web:
    %shared%
    command: [sh, -c, "echo one; echo two; echo three; echo bad >&2; trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done"]
  side:
    %shared%
    tty: true
    command: [sh, -c, "echo side; sleep 100"]
`)
	f.up(p)
	defer f.down(p)
	var mu sync.Mutex
	var lines []engine.LogLine
	texts := func() []string {
		mu.Lock()
		defer mu.Unlock()
		var all []string
		for _, l := range lines {
			all = append(all, l.Text)
		}
		return all
	}
	followed := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		followed <- f.engine.Logs(ctx, f.id, engine.LogOptions{Follow: true}, func(l engine.LogLine) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, l)
		})
	}()
	enginetest.Eventually(t, 20*time.Second, "the lines", func() (bool, string) {
		all := texts()
		return len(all) == 5 && slices.Contains(all, "side") && slices.Contains(all, "bad"), ""
	})
	var tail []string
	err := f.engine.Logs(t.Context(), f.id, engine.LogOptions{Services: []string{"web"}, Tail: "1"}, func(l engine.LogLine) {
		if l.Service != "web" || l.Container != f.id+"-web-1" || l.Time.IsZero() {
			t.Errorf("a line: %+v", l)
		}
		tail = append(tail, l.Text)
	})
	if err != nil || len(tail) != 1 {
		t.Errorf("the last line of web: %q, %v", tail, err)
	}
	if _, err := p.Stop(t.Context(), unbounded, ""); err != nil {
		t.Fatal(err)
	}
	if err := <-followed; err != nil { // it ends with the containers
		t.Errorf("following: %v", err)
	}
	if all := texts(); !slices.Contains(all, "bye") {
		t.Errorf("the last words are missing: %q", all)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, l := range lines {
		if l.Stderr != (l.Text == "bad") {
			t.Errorf("the wrong stream: %+v", l)
		}
	}
}
