package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"

	"dce/internal/pod"
)

func TestTheRosterKnowsWhatWasSeen(t *testing.T) {
	var r roster
	if got := r.containers(); len(got) > 0 {
		t.Errorf("a pod that was not started here has %v", got)
	}
	r.saw("job", pod.Exited) // before the start has returned
	r.started([]container.Summary{{ID: "infra"}, {ID: "job"}, {ID: "web"}, {ID: "again"}})
	r.saw("web", pod.Exited)
	r.saw("again", pod.Exited)
	r.saw("again", pod.Up)
	r.saw("of nobody", pod.Up)
	got := map[string]container.ContainerState{}
	for _, c := range r.containers() {
		got[c.ID] = c.State
	}
	want := map[string]container.ContainerState{
		"infra": container.StateRunning, "job": container.StateExited, "web": container.StateExited, "again": container.StateRunning,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
