package render

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestAComposeFileCannotSayWhoseAPodIs(t *testing.T) {
	forged := types.Labels{
		LabelLease: "/run/dce/another.lease", LabelExecutorID: "victim", LabelPod: "victim", LabelKeep: "volume", "mine": "1",
	}
	data := []types.ServiceVolumeConfig{{Type: types.VolumeTypeVolume, Source: "data", Target: "/data"}}
	p := &types.Project{
		Name:     "x",
		Services: types.Services{"web": {Name: "web", Image: "i", Labels: forged, Volumes: data}},
		Volumes:  types.Volumes{"data": {Name: "data", Labels: types.Labels{LabelKeep: "volume"}}},
	}
	for _, keep := range []bool{false, true} {
		r := Render(Input{Project: p, Task: Task{Front: FrontMesos, ID: "t", PodID: "c", KeepVolumes: keep}})
		labels := r.Project.Services["web"].Labels
		for _, key := range []string{LabelLease, LabelExecutorID, LabelKeep} {
			if v, ok := labels[key]; ok {
				t.Errorf("%s is %q", key, v)
			}
		}
		if labels[LabelPod] != "c" || labels["mine"] != "1" {
			t.Errorf("labels %v", labels)
		}
		if got := r.Project.Volumes["data"].Labels[LabelKeep] != ""; got != keep {
			t.Errorf("the volume is kept: %v, want %v", got, keep)
		}
	}
}
