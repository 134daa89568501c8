//go:build linux

package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/enginetest"
)

// newPrivateFixture is a fixture on an engine of its own, which holds at most
// two networks beside the default bridge.
func newPrivateFixture(t *testing.T, name string) (fixture, *enginetest.Private) {
	t.Helper()
	p := enginetest.StartPrivate(t, 192, "--default-address-pool", "base=10.213.0.0/23,size=24")
	id := enginetest.PodID(t, name)
	enginetest.Clean(t, p.API, id)
	return fixture{t, p.API, enginetest.Connect(t, engine.Options{Host: p.Host}), id, enginetest.Busybox(t, p.API)}, p
}

const sleeper = `
  web:
    %shared%
    command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
`

// One engine for all of it: each start takes a second or more.
func TestAnEngineThatDiesHangsAndFillsUp(t *testing.T) {
	t.Parallel()
	f, private := newPrivateFixture(t, "private")
	soon := func(s *engine.Spec) { s.CallTimeout, s.Heartbeat = 2*time.Second, 2*time.Second }

	t.Run("a pod is followed over the engine's restart", func(t *testing.T) {
		f := f.in(t)
		p := f.pod(sleeper)
		f.up(p)
		w := f.watch(p)
		private.Kill()
		f.eventually(w, "the loss", "lost")
		if _, err := p.Stop(t.Context(), atOnce, ""); !hasCode(err, "DCE301") && !hasCode(err, "DCE304") {
			t.Errorf("stopping without an engine: %v", err)
		}
		private.Start()
		f.eventually(w, "the return", "back", "web exited 0")
		f.down(p)
	})

	t.Run("an engine that dies while it starts a pod", func(t *testing.T) {
		f := f.in(t)
		p := f.pod(sleeper)
		if err := p.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		started := make(chan error, 1)
		go func() { started <- p.Start(t.Context()) }()
		enginetest.Eventually(t, 30*time.Second, "the first container", func() (bool, string) { return len(f.states()) > 0, "" })
		private.Kill()
		err := <-started
		if !hasCode(err, "DCE304") && !hasCode(err, "DCE301") {
			t.Errorf("got %v", err)
		}
		private.Start()
		f.down(p)
	})

	t.Run("an engine that hangs", func(t *testing.T) {
		f := f.in(t)
		f.up(f.pod(sleeper)) // which may take a busy machine as long as it likes
		p := f.pod(sleeper, soon)
		w := f.watch(p)
		private.Signal(syscall.SIGSTOP)
		f.eventually(w, "the loss", "lost")
		if _, err := p.Stop(t.Context(), unbounded, ""); !hasCode(err, "DCE305") {
			t.Errorf("stopping by an engine that hangs: %v", err)
		}
		private.Signal(syscall.SIGCONT)
		f.eventually(w, "the return", "back")
		f.down(f.pod(sleeper))
	})

	t.Run("no address range is left", func(t *testing.T) {
		f := f.in(t)
		p := f.pod(`
  web:
    image: %image%
    networks: [one, two, three]
    %labels%
networks:
  one: {name: %id%-1, %labels%}
  two: {name: %id%-2, %labels%}
  three: {name: %id%-3, %labels%}
`)
		refused(t, f, p, "DCE323")
	})

	t.Run("the disk is full", func(t *testing.T) {
		f := f.in(t)
		fill := filepath.Join(private.Dir, "root", "fill")
		p := f.pod(sleeper)
		if err := p.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		fillUp(t, fill)
		err := p.Start(t.Context())
		if !hasCode(err, "DCE321") {
			t.Errorf("got %v", err)
		}
		if err := os.Remove(fill); err != nil {
			t.Fatal(err)
		}
		f.down(p)
	})
}

// in is the fixture for a subtest.
func (f fixture) in(t *testing.T) fixture {
	t.Helper()
	f.t = t
	return f
}

func refused(t *testing.T, f fixture, p *engine.Pod, code diag.Code) {
	t.Helper()
	if err := p.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); !hasCode(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
	f.down(p)
}

// fillUp writes until no byte fits any more.
func fillUp(t *testing.T, path string) {
	t.Helper()
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		block := make([]byte, size)
		for err = nil; err == nil; {
			_, err = out.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}
