package engine_test

import (
	"strings"
	"testing"

	"github.com/moby/moby/client"
)

func TestWatchTellsAnOOMFromAKill(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "oom")
	p := f.pod(`
  hog:
    %shared%
    mem_limit: 8m
    command: [sh, -c, "exec tail /dev/zero"]
  other:
    %shared%
    command: [sleep, "100"]
`)
	w := f.watch(p)
	f.up(p)
	f.eventually(w, "the victim", "hog exited 137 oom")
	if _, err := f.api.ContainerKill(t.Context(), f.id+"-other-1", client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		t.Fatal(err)
	}
	f.eventually(w, "the kill", "other exited 137")
	late := f.watch(p) // who comes later is told the same, where the engine knows it
	f.eventually(late, "the list", "hog exited 137"+f.rememberedOOM("hog"), "other exited 137", "infra running")
	f.down(p)
}

// rememberedOOM is what the engine says of an OOM afterwards: nothing where it
// has heard of the end first, which happens on a busy machine (20.10.24).
func (f fixture) rememberedOOM(service string) string {
	f.t.Helper()
	res, err := f.api.ContainerInspect(f.t.Context(), f.id+"-"+service+"-1", client.ContainerInspectOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	if !res.Container.State.OOMKilled {
		return ""
	}
	return " oom"
}

func TestWatchFollowsHealthAndRemovals(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "health")
	p := f.pod(`
  web:
    %shared%
    command: [sh, -c, "touch /ok; sleep 100"]
    healthcheck: {test: [CMD, test, -e, /ok], interval: 1s, retries: 1}
`)
	w := f.watch(p)
	f.up(p)
	f.eventually(w, "health", "web running starting", "web running healthy")
	exec, err := f.api.ExecCreate(t.Context(), f.id+"-web-1", client.ExecCreateOptions{Cmd: []string{"rm", "/ok"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.api.ExecStart(t.Context(), exec.ID, client.ExecStartOptions{Detach: true}); err != nil {
		t.Fatal(err)
	}
	f.eventually(w, "ill health", "web running unhealthy")
	evidence, err := p.Stop(t.Context(), atOnce, f.id+"-web-1")
	if err != nil || evidence.Health == "" && len(evidence.Logs) > 0 {
		t.Errorf("evidence: %+v, %v", evidence, err)
	}
	if _, err := f.api.ContainerRemove(t.Context(), f.id+"-web-1", client.ContainerRemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	f.eventually(w, "the removal by somebody else", "web gone unhealthy")
	f.down(p)
	if all := w.transcript(); strings.Contains(all, "lost") {
		t.Errorf("the engine was lost: %s", all)
	}
}
