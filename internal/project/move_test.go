package project

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

func TestAProjectIsMovedWithWhatItNamesBelow(t *testing.T) {
	p := &types.Project{
		WorkingDir: "/tmp/x/pod",
		Services: types.Services{"web": {
			Volumes: []types.ServiceVolumeConfig{
				{Type: types.VolumeTypeBind, Source: "/tmp/x/pod/conf"},
				{Type: types.VolumeTypeBind, Source: "/tmp/xy"},
				{Type: types.VolumeTypeVolume, Source: "data"},
			},
			Build: &types.BuildConfig{Context: "/tmp/x/pod"},
		}},
		Configs: types.Configs{"c": {File: "/tmp/x/pod/c.conf"}, "e": {Environment: "E"}},
		Secrets: types.Secrets{"s": {File: "/etc/dce/secrets/s"}},
	}
	Move(p, "", "/new") // nothing
	Move(p, "/tmp/x", "/new")
	web := p.Services["web"]
	got := []string{p.WorkingDir, web.Volumes[0].Source, web.Volumes[1].Source, web.Volumes[2].Source, web.Build.Context, p.Configs["c"].File, p.Configs["e"].File, p.Secrets["s"].File}
	if diff := cmp.Diff([]string{"/new/pod", "/new/pod/conf", "/tmp/xy", "data", "/new/pod", "/new/pod/c.conf", "", "/etc/dce/secrets/s"}, got); diff != "" {
		t.Error(diff)
	}
}
