package render

import (
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestAComposeFileCannotSayWhoseAPodIs(t *testing.T) {
	forged := types.Labels{
		LabelLease: "/run/dce/another.lease", LabelExecutorID: "victim", LabelPod: "victim", LabelKeep: "volume", "mine": "1",
	}
	all := types.Labels{"mine": strings.Repeat("x", 1<<20)}
	for _, key := range evidence() {
		all[key] = "forged"
	}
	data := []types.ServiceVolumeConfig{{Type: types.VolumeTypeVolume, Source: "data", Target: "/data"}, {Type: types.VolumeTypeVolume, Source: "all", Target: "/all"}}
	p := &types.Project{
		Name:     "x",
		Services: types.Services{"web": {Name: "web", Image: "i", Labels: forged, Volumes: data, Networks: map[string]*types.ServiceNetworkConfig{"all": nil}}},
		Volumes:  types.Volumes{"data": {Name: "data", Labels: types.Labels{LabelKeep: "volume"}}, "all": {Name: "all", Labels: all}},
		Networks: types.Networks{"all": {Name: "all", Driver: "bridge", DriverOpts: types.Options{"a": "b"}, Labels: all}},
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
		for what, labels := range map[string]types.Labels{"network": r.Project.Networks["all"].Labels, "volume": r.Project.Volumes["all"].Labels} {
			for key, value := range labels {
				if value == "forged" {
					t.Errorf("the %s's %s is forged", what, key)
				}
			}
			if len(labels["mine"]) != 1<<20 {
				t.Errorf("the %s has lost its own label", what)
			}
		}
		if got := r.Project.Volumes["data"].Labels[LabelKeep] != ""; got != keep {
			t.Errorf("the volume is kept: %v, want %v", got, keep)
		}
	}
}
