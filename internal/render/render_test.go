package render_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
	"dce/internal/render"
	"dce/internal/task"
)

func TestTwoPodsOfOneFileShareNoName(t *testing.T) {
	p := load(t, `
services:
  web: {image: a, container_name: web, volumes: ['data:/data', 'ext:/ext'], networks: [mine, corp]}
networks: {mine: {driver: bridge, name: fixed}, corp: {external: true}}
volumes: {data: {}, ext: {external: true}}
`)
	names := func(id string) []string {
		in := example(p)
		in.Task.ID = id
		r := rendered(t, in).Project
		return []string{r.Name, r.Services["web"].ContainerName, r.Networks["mine"].Name, r.Volumes["data"].Name}
	}
	// Ids that look the same once they are lower case, cut or rid of what
	// compose does not allow.
	long := strings.Repeat("x", 100)
	ids := []string{
		"shop.1", "shop_1", "shop-1", "Shop.1", "shop/1", "shop.1.", ".shop.1", long, long + "y", "é", "è", "_", "-",
		render.ProjectName("Shop.1"), strings.ReplaceAll(render.ProjectName("Shop.1"), "_", "."),
	}
	seen := map[string]string{}
	for _, id := range ids {
		for _, name := range names(id) {
			if other, ok := seen[name]; ok && other != id {
				t.Errorf("%q and %q share the name %s", id, other, name)
			}
			seen[name] = id
		}
	}
	external := rendered(t, example(p)).Project
	if external.Networks["corp"].Name != "corp" || external.Volumes["ext"].Name != "ext" {
		t.Error("external ones were renamed")
	}
}

func TestProjectNameIsValidForCompose(t *testing.T) {
	for id, want := range map[string]string{
		"local.shop-qa": "local_shop-qa",
		"shop-1":        "shop-1",
		"":              "dce",
	} {
		if got := render.ProjectName(id); got != want {
			t.Errorf("ProjectName(%q) = %q, want %q", id, got, want)
		}
	}
	for _, id := range []string{"Shop", "_x", "-x", "...", "ü", strings.Repeat("a.", 90), "a b\nc"} {
		name := render.ProjectName(id)
		if len(name) > 63 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "-") {
			t.Errorf("ProjectName(%q) = %q", id, name)
		}
	}
}

// TestPublishedPortsIsTheOrderOfTheOffer holds what a front relies on that
// chooses ports itself: the first request gets the first offered port.
func TestPublishedPortsIsTheOrderOfTheOffer(t *testing.T) {
	p := load(t, `
services:
  web: {image: a, ports: ['80:8080', '53:53/udp', '53:53/tcp', '9090', {name: http, target: 1, published: '7'}]}
  agent: {image: b, network_mode: host, ports: ['1:1']}
  admin: {image: c, ports: ['127.0.0.1:80:9000', {name: http, target: 2, published: '7'}]}
`)
	requests := render.PublishedPorts(p)
	in := example(p)
	in.Task.Ports = nil
	var want []string
	for i, r := range requests {
		offered := render.OfferedPort{Name: r.Name, Number: uint16(20000 + i)}
		in.Task.Ports = append(in.Task.Ports, offered)
		for _, m := range r.Ports {
			want = append(want, fmt.Sprint(m.Service, m.ContainerPort, m.Protocol, offered.Number))
		}
	}
	var got []string
	for _, m := range rendered(t, in).Ports {
		got = append(got, fmt.Sprint(m.Service, m.ContainerPort, m.Protocol, m.HostPort))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-requested +given):\n%s", diff)
	}
}

func TestAPortOfBothProtocolsIsOneRequest(t *testing.T) {
	requests := render.PublishedPorts(load(t, "services: {dns: {image: a, ports: ['53:53/udp', '53:53/tcp']}}"))
	if len(requests) != 1 || !slices.Equal(requests[0].Protocols(), []string{"tcp", "udp"}) || requests[0].Wanted != 53 {
		t.Errorf("got %+v", requests)
	}
}

func TestContentHashTellsContentFromFactsOfARun(t *testing.T) {
	p := load(t, "services: {web: {image: a, ports: ['80'], environment: {PASSWORD: one}}}")
	in := example(p)
	base := render.ContentHash(in)
	for name, change := range map[string]func(*render.Input){
		"ports":    func(i *render.Input) { i.Task.Ports = task.ExamplePorts(3) },
		"lease":    func(i *render.Input) { i.Task.Lease, i.Task.PID, i.Task.BootID, i.Task.StartTime = "l", 1, "b", "s" },
		"ids":      func(i *render.Input) { i.Task.ID, i.Task.ExecutorID, i.Task.PodID = "a", "b", "c" },
		"cgroup":   func(i *render.Input) { i.Task.CgroupParent = "/other" },
		"PORT0":    func(i *render.Input) { i.Task.Env = map[string]string{"PORT0": "1", "HOST": "h"} },
		"the hash": func(i *render.Input) { i.Task.Hash = "x" },
	} {
		other := in
		change(&other)
		if render.ContentHash(other) != base {
			t.Errorf("%s changes the hash", name)
		}
	}
	for name, change := range map[string]func(*render.Input){
		"image":     func(i *render.Input) { i.Project = load(t, "services: {web: {image: b}}") },
		"settings":  func(i *render.Input) { i.Settings.SharePID = true },
		"resources": func(i *render.Input) { i.Task.Resources.CPUs = 2 },
		"a job":     func(i *render.Input) { i.Task.Job = true },
		"the env":   func(i *render.Input) { i.Task.Env = map[string]string{"MODE": "x"} },
	} {
		other := in
		change(&other)
		if render.ContentHash(other) == base {
			t.Errorf("%s does not change the hash", name)
		}
	}
	elsewhere := in
	elsewhere.Project = load(t, "services: {web: {image: a, ports: ['80'], environment: {PASSWORD: one}, volumes: ['/other/x:/x']}}")
	elsewhere.Project.WorkingDir = "/other"
	here := in
	here.Project = load(t, "services: {web: {image: a, ports: ['80'], environment: {PASSWORD: one}, volumes: ['./x:/x']}}")
	if render.ContentHash(elsewhere) != render.ContentHash(here) {
		t.Error("the directory changes the hash of an agent's pod")
	}
	elsewhere.Task.Front, here.Task.Front = render.FrontLocal, render.FrontLocal
	if render.ContentHash(elsewhere) == render.ContentHash(here) {
		t.Error("a local pod of another directory has the same hash")
	}
	one, two := in, in
	one.Settings.Secrets, two.Settings.Secrets = []string{"PASSWORD"}, []string{"PASSWORD"}
	two.Project = load(t, "services: {web: {image: a, ports: ['80'], environment: {PASSWORD: two}}}")
	if render.ContentHash(one) != render.ContentHash(two) {
		t.Error("a secret's value is in the hash, which becomes a label")
	}
}

func TestASecretIsInNothingThatIsRendered(t *testing.T) {
	in := example(load(t, "services: {web: {image: a, environment: {K: hunter2}}}"))
	in.Settings.Secrets = []string{"K", "FROM_TASK"}
	in.Task.Env = map[string]string{"FROM_TASK": "hunter2"}
	r := rendered(t, in)
	explained, err := r.Explain()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(explained), "hunter2") {
		t.Errorf("the value is in\n%s", explained)
	}
	env := r.Project.Services["web"].Environment
	if v, ok := env["K"]; !ok || v != nil {
		t.Errorf("K: %v, %v", ok, v)
	}
	if _, ok := env["FROM_TASK"]; ok { // whoever renders it again does not know that the task had one
		t.Error("FROM_TASK, which the service does not name, is there")
	}
}

// The facts of a task do not hold its secrets, so they are empty where it is rendered
// again.
func TestASecretIsRenderedAlikeWithAndWithoutItsValue(t *testing.T) {
	var texts []string
	for _, value := range []string{"hunter2", ""} {
		in := example(load(t, "services: {web: {image: a, environment: {K: '"+value+"'}}}"))
		in.Settings.Secrets = []string{"K"}
		text, err := rendered(t, in).YAML()
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
		t.Errorf("-with +without:\n%s", diff)
	}
}

func TestAClusterNeedsImages(t *testing.T) {
	in := example(load(t, "services: {web: {build: .}}"))
	if r := render.Render(in); r.Diagnostics.HasErrors() {
		t.Errorf("here: %v", r.Diagnostics)
	}
	in.Settings.Cluster = true
	r := render.Render(in)
	if len(r.Diagnostics) != 1 || r.Diagnostics[0].Code != "DCE140" {
		t.Errorf("on a cluster: %v", r.Diagnostics)
	}
}

func TestALocalPodKeepsItsPathsAndAnAgentsLieInTheSandbox(t *testing.T) {
	p := load(t, "services: {web: {image: a, volumes: ['./conf:/conf:ro', '/srv:/srv:ro']}}")
	source := func(front string) []string {
		in := example(p)
		in.Task.Front = front
		var sources []string
		for _, v := range rendered(t, in).Project.Services["web"].Volumes {
			sources = append(sources, v.Source)
		}
		return sources
	}
	if diff := cmp.Diff([]string{"/pod/conf", "/srv"}, source(render.FrontLocal)); diff != "" {
		t.Errorf("local: %s", diff)
	}
	if diff := cmp.Diff([]string{"/mnt/mesos/sandbox/conf", "/srv"}, source(render.FrontMesos)); diff != "" {
		t.Errorf("mesos: %s", diff)
	}
}

func TestServicesThatWaitForEachOtherThroughLinksAreRefused(t *testing.T) {
	p := load(t, "services: {a: {image: x, links: [b]}, b: {image: x, links: [c]}, c: {image: x, volumes_from: [a]}}")
	r := render.Render(example(p))
	if len(r.Diagnostics) == 0 || r.Diagnostics[0].Code != "DCE111" {
		t.Fatalf("got %v", r.Diagnostics)
	}
	if want := "a -> b -> c -> a"; !strings.Contains(r.Diagnostics[0].Summary, want) {
		t.Errorf("got %s, want %s", r.Diagnostics[0].Summary, want)
	}
}

func TestAProviderIsRefused(t *testing.T) {
	p := &types.Project{Name: "pod", Services: types.Services{"x": {Name: "x", Provider: &types.ServiceProviderConfig{Type: "evil"}}}}
	r := render.Render(example(p))
	if !slices.ContainsFunc(r.Diagnostics, func(d diag.Diagnostic) bool { return d.Code == "DCE120" }) {
		t.Errorf("got %v", r.Diagnostics)
	}
}

func TestEveryRuleSaysWhatItDoes(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range render.Rules() {
		if r.Name == "" || len(r.Touches) == 0 || !strings.HasSuffix(r.Why, ".") || seen[r.Name] {
			t.Errorf("rule %+v", r)
		}
		seen[r.Name] = true
	}
}

func TestDollarsAreDoubledInValuesAlone(t *testing.T) {
	for _, file := range []string{
		"services: {web: {image: a, labels: {a$b: 'c$$d'}}}",
		"services: {web: {image: a, labels: {'a: $b': 'c$$d'}}}",
		"services: {web: {image: a, labels: {\"a\\n$b: x\": 'c$$d'}}}",
		"services: {web: {image: a, labels: {'$a': 'c'}, command: ['$$x: y', '- $$z', '$$q:']}}",
		"services: {web: {image: a, command: [sh, -c, \"a: $$b\\nc $$d: e\\n$$f\\n\"]}}",
		"services: {web: {image: a, labels: {'? $k': '$$v'}}}",
		"services: {web: {image: a, labels: {'" + strings.Repeat("long", 50) + "$': '$$v'}}}",
	} {
		p := load(t, file)
		again := load(t, yamlOf(t, p))
		if diff := cmp.Diff(p.Services["web"], again.Services["web"]); diff != "" {
			t.Errorf("%s (-before +after):\n%s", file, diff)
		}
	}
}
