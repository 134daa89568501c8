package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"dce/internal/engine"
	"dce/internal/enginetest"
)

// What somebody runs of an image that was made of a pod's container is none of
// the pod: it does not end it, and does not go with it.
func TestAContainerOfACommittedImageIsNotThePods(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "commit")
	const services = `
  web:
    %shared%
    command: [sleep, "1000"]
`
	p := f.pod(services)
	w := f.watch(p)
	f.up(p)
	f.eventually(w, "the pod", "web running", "infra running")
	sleeps := enginetest.Committed(t, f.api, f.id+"-web-1", f.id+"-by-hand", "sleep", "1000")
	enginetest.Committed(t, f.api, f.id+"-web-1", f.id+"-fails", "sh", "-c", "exit 7")
	late := f.watch(p)
	if _, err := f.api.ContainerKill(t.Context(), f.id+"-web-1", client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		t.Fatal(err)
	}
	f.eventually(w, "the pod's own end", "web exited 137")
	for _, all := range []string{w.transcript(), late.transcript()} {
		if strings.Contains(all, "web exited 7") || strings.Count(all, "web running") != 1 {
			t.Errorf("the pod was told: %s", all)
		}
	}
	if got := f.states(); !slices.Equal(got, []string{"infra running", "web exited"}) {
		t.Errorf("the pod is %v", got)
	}
	inside, err := f.engine.Exec(t.Context(), f.id, engine.Command{Service: "web", Argv: []string{"true"}})
	if err == nil {
		t.Errorf("a command ran in what is run by hand: %+v", inside)
	}
	names, err := f.engine.HandRun(t.Context(), f.id)
	if want := []string{f.id + "-by-hand", f.id + "-fails"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("run by hand: %v, %v", names, err)
	}
	f.down(p)
	again := f.pod(services) // compose would take the other one for its own
	f.up(again)
	if got := f.states(); !slices.Equal(got, []string{"infra running", "web running"}) {
		t.Errorf("the pod is %v", got)
	}
	found, err := f.engine.Find(t.Context(), f.id)
	if err != nil {
		t.Fatal(err)
	}
	f.down(found)
	if _, err := f.engine.Find(t.Context(), f.id); !hasCode(err, "DCE334") {
		t.Errorf("a pod of what is run by hand: %v", err)
	}
	if !enginetest.Runs(t, f.api, sleeps) {
		t.Error("what is run by hand was removed")
	}
}

// An orphan is removed by the labels that it carries, which an image can give to
// what is no orphan.
func TestDiscardingAnOrphanLeavesWhatIsRunOfItsImage(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "orphan-commit")
	p := f.pod(`
  web:
    %shared%
    command: [sleep, "1000"]
`)
	f.up(p)
	sleeps := enginetest.Committed(t, f.api, f.id+"-web-1", f.id+"-by-hand", "sleep", "1000")
	spec := engine.Spec{PodID: f.id, Carry: map[string]string{"dce.pod": f.id}}
	if err := f.engine.Discard(t.Context(), spec, unbounded); err != nil {
		t.Fatal(err)
	}
	if !enginetest.Runs(t, f.api, sleeps) {
		t.Error("what is run by hand was removed")
	}
	left := enginetest.Left(t.Context(), t, f.api, f.id)
	if len(left) != 1 || !strings.Contains(left[0], "by-hand") {
		t.Errorf("left: %v", left)
	}
}
