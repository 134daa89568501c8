package render_test

import (
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"dce/internal/render"
)

func port(target uint32, published, name string) types.ServicePortConfig {
	return types.ServicePortConfig{Target: target, Published: published, Name: name, Protocol: "tcp"}
}

func TestPortNamesStayTheSameAndDiffer(t *testing.T) {
	p := &types.Project{Name: "x", Services: types.Services{
		"web":   {Name: "web", Image: "i", Ports: []types.ServicePortConfig{port(80, "8080", ""), port(80, "8081", ""), port(90, "", "Admin_UI")}},
		"my.db": {Name: "my.db", Image: "i", Ports: []types.ServicePortConfig{port(5432, "5432", "")}},
	}}
	want := []string{"my-db-5432", "web-80", "web-80-2", "admin-ui"}
	if diff := cmp.Diff(want, render.PortNames(render.PublishedPorts(p))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A scheduler may offer the ports of several roles in an order of its own.
func TestAnOfferedPortGoesToThePortOfItsName(t *testing.T) {
	p := &types.Project{Name: "x", Services: types.Services{
		"web": {Name: "web", Image: "i", Ports: []types.ServicePortConfig{port(80, "8080", ""), port(443, "8443", "")}},
	}}
	r := render.Render(render.Input{Project: p, Task: render.Task{Front: render.FrontMesos, ID: "t", PodID: "t", Ports: []render.OfferedPort{
		{Number: 31001, Name: "web-443"}, {Number: 31000, Name: "web-80"},
	}}})
	got := map[uint16]uint16{}
	for _, m := range r.Ports {
		got[m.ContainerPort] = m.HostPort
	}
	if diff := cmp.Diff(map[uint16]uint16{80: 31000, 443: 31001}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
