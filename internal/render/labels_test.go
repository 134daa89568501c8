package render

import (
	"maps"
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
	unnamed := types.Mapping{}
	maps.Copy(unnamed, all)
	data := []types.ServiceVolumeConfig{
		{Type: types.VolumeTypeVolume, Source: "data", Target: "/data"},
		{Type: types.VolumeTypeVolume, Source: "all", Target: "/all"},
		{Type: types.VolumeTypeVolume, Target: "/unnamed", Volume: &types.ServiceVolumeVolume{Labels: unnamed}},
	}
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
		for what, labels := range map[string]types.Labels{
			"network": r.Project.Networks["all"].Labels, "volume": r.Project.Volumes["all"].Labels,
			"unnamed volume": types.Labels(r.Project.Services["web"].Volumes[2].Volume.Labels),
		} {
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

func TestWhoseLabelsAreOfTheImage(t *testing.T) {
	pod := TaskLabels(Task{ID: "web.1", ExecutorID: "ex", Front: FrontMesos, PodID: "c1", Lease: "/run/dce/c1.lease", BootID: "b", PID: 42, StartTime: "1@2"})
	dceGo := map[string]string{LabelTaskID: "t", LabelExecutorID: "e"}
	with := func(labels map[string]string, change ...string) map[string]string {
		labels = maps.Clone(labels)
		for i := 0; i < len(change); i += 2 {
			labels[change[i]] = change[i+1]
		}
		return labels
	}
	tests := map[string]struct {
		labels, image map[string]string
		want          bool
	}{
		"a pod's container":                          {pod, nil, false},
		"a committed image":                          {pod, pod, true},
		"a committed image, run by dce-go":           {with(pod, LabelTaskID, "other", LabelExecutorID, "other"), pod, true},
		"a committed image, with another version":    {with(pod, LabelVersion, "x"), pod, true},
		"a committed image, in a pod of the next":    {with(pod, LabelPod, "c2", LabelLease, "/run/dce/c2.lease", LabelPID, "43", LabelStart, "5@2"), pod, false},
		"a committed image, in the next of its pods": {with(pod, LabelPod, "c1.2"), pod, false},
		"dce-go's container":                         {dceGo, nil, false},
		"an image that was committed from dce-go's":  {dceGo, dceGo, true},
		"the same in another of dce-go's pods":       {with(dceGo, LabelTaskID, "t2"), dceGo, false},
		"an image that says nothing, and nothing":    {nil, pod, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := FromImage(test.labels, test.image); got != test.want {
				t.Errorf("%v", got)
			}
		})
	}
}
