package engine

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"dce/internal/pod"
	"dce/internal/progress"
)

func TestDependencies(t *testing.T) {
	t.Parallel()
	p := &types.Project{Services: types.Services{
		"infra": {Name: "infra"},
		"db":    {Name: "db", NetworkMode: "service:infra"},
		"web": {
			Name: "web", NetworkMode: "service:infra", Pid: "service:db", VolumesFrom: []string{"data:ro", "container:else"}, Links: []string{"db:database"},
			DependsOn: types.DependsOnConfig{"db": {Condition: types.ServiceConditionHealthy, Required: true}, "absent": {Condition: types.ServiceConditionStarted}},
		},
		"data": {Name: "data"},
	}}
	want := map[string][]dependency{
		"db": {{on: "infra", condition: "service_started"}},
		"web": {
			{on: "data", condition: "service_started"}, {on: "db", condition: "service_healthy"}, {on: "infra", condition: "service_started"},
		},
	}
	if d := cmp.Diff(want, dependencies(p), cmp.AllowUnexported(dependency{})); d != "" {
		t.Error(d)
	}
	if got := holder(p, dependencies(p)); got != "infra" {
		t.Errorf("holder: %q", got)
	}
	infra := p.Services["infra"]
	infra.Configs = []types.ServiceConfigObjConfig{{}}
	p.Services["infra"] = infra
	if got := holder(p, dependencies(p)); got != "" {
		t.Errorf("a holder that compose copies something into was started early: %q", got)
	}
}

func TestDependentsAreStoppedFirst(t *testing.T) {
	t.Parallel()
	of := func(id, service, on, network string) container.Summary {
		c := container.Summary{ID: id, Labels: map[string]string{api.ServiceLabel: service, api.DependenciesLabel: on}}
		c.HostConfig.NetworkMode = network
		return c
	}
	all := []container.Summary{
		of("1", "infra", "", "bridge"),
		of("2", "db", "", "container:1"),
		of("3", "web", "db:service_healthy:false,infra:service_started:true", "container:1"),
	}
	if d := cmp.Diff([][]int{{1, 2}, {2}, nil}, dependents(all)); d != "" {
		t.Error(d)
	}
	circle := []container.Summary{of("1", "a", "b:x:false", ""), of("2", "b", "a:x:false", "")}
	if d := cmp.Diff([][]int{{1}, {}}, dependents(circle)); d != "" {
		t.Errorf("a circle: %s", d)
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	p := &types.Project{Name: "p", Services: types.Services{
		"a":     {Name: "a", Image: "x:1"},
		"b":     {Name: "b", Image: "x:1", PullPolicy: types.PullPolicyAlways},
		"c":     {Name: "c", Build: &types.BuildConfig{Context: "."}},
		"d":     {Name: "d", Image: "y:1", Build: &types.BuildConfig{}, PullPolicy: types.PullPolicyBuild},
		"infra": {Name: "infra", Image: infraImage},
	}}
	all := cmp.AllowUnexported(need{})
	want := []need{
		{image: "p-c", services: []string{"c"}, policy: "missing", build: true},
		{image: "x:1", services: []string{"a", "b"}, policy: "always"},
		{image: "y:1", services: []string{"d"}, policy: "build", build: true},
	}
	if d := cmp.Diff(want, needs(p, ""), all); d != "" {
		t.Error(d)
	}
	for _, n := range needs(p, "never") {
		if n.policy != "never" && n.image != "y:1" {
			t.Errorf("a policy for the run does not win: %+v", n)
		}
	}
}

func event(action string, at int64, more ...string) events.Message {
	m := events.Message{Action: events.Action(action), TimeNano: at, Actor: events.Actor{ID: "id", Attributes: map[string]string{
		"name": "p-web-1", api.ServiceLabel: "web",
	}}}
	for i := 0; i+1 < len(more); i += 2 {
		m.Actor.Attributes[more[i]] = more[i+1]
	}
	return m
}

func TestApplyKeepsWhatWasKnown(t *testing.T) {
	t.Parallel()
	c, ok := apply(pod.Container{Healthcheck: true}, event("start", 100))
	want := pod.Container{Service: "web", Name: "p-web-1", State: pod.Up, Healthcheck: true, Health: pod.HealthStarting, StartedAt: time.Unix(0, 100)}
	if d := cmp.Diff(want, c); !ok || d != "" {
		t.Errorf("start: %s", d)
	}
	c, _ = apply(c, event("health_status: healthy", 200))
	want.Health = pod.Healthy
	if d := cmp.Diff(want, c); d != "" {
		t.Errorf("health: %s", d)
	}
	c, _ = apply(c, event("die", 300, "exitCode", "3"))
	want.State, want.ExitCode, want.EndedAt = pod.Exited, 3, time.Unix(0, 300)
	if d := cmp.Diff(want, c); d != "" {
		t.Errorf("die: %s", d)
	}
	c, _ = apply(c, event("destroy", 400))
	if c.State != pod.Gone || c.ExitCode != 3 {
		t.Errorf("destroy: %+v", c)
	}
	if _, ok := apply(c, event("exec_start: x", 500)); ok {
		t.Error("an exec was taken for news")
	}
}

func TestObserveTellsAVictimOfMemoryFromASurvivor(t *testing.T) {
	t.Parallel()
	look := func(code int) container.InspectResponse {
		return container.InspectResponse{State: &container.State{Status: container.StateExited, OOMKilled: true, ExitCode: code, FinishedAt: "2026-01-01T00:00:00Z"}}
	}
	if c := observe("web", "n", look(137)); !c.OOMKilled || c.EndedAt.IsZero() {
		t.Errorf("a victim: %+v", c)
	}
	if c := observe("web", "n", look(0)); c.OOMKilled {
		t.Errorf("a survivor of its pod's limit: %+v", c)
	}
}

func TestLinesOfALog(t *testing.T) {
	t.Parallel()
	var got []LogLine
	l := &liner{base: LogLine{Service: "web"}, line: func(l LogLine) { got = append(got, l) }}
	for _, part := range []string{"2026-01-02T03:04:05.6Z one\r\n2026-01-02T03:04:0", "6Z two words\nno time\n", "rest"} {
		if _, err := l.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	l.flush()
	want := []LogLine{
		{Service: "web", Time: time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC), Text: "one"},
		{Service: "web", Time: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC), Text: "two words"},
		{Service: "web", Text: "no time"},
		{Service: "web", Text: "rest"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	got = nil
	if _, err := l.Write([]byte(strings.Repeat("x", maxLogLine+1))); err != nil || len(got) != 1 {
		t.Errorf("a line without an end is kept whole: %d lines", len(got))
	}
}

func TestProgressNamesServices(t *testing.T) {
	t.Parallel()
	var got []progress.Event
	r := relay{to: progress.Func(func(e progress.Event) { got = append(got, e) }), services: map[string]string{"p-web-1": "web"}}
	r.On(
		api.Resource{ID: "Container p-web-1", Status: api.Done, Text: api.StatusCreated},
		api.Resource{ID: "Container p-web-1", Status: api.Done, Text: api.StatusStarted},
		api.Resource{ID: "Network n", Text: api.StatusCreating},
		api.Resource{ID: api.ResourceCompose, Text: "x"},
		api.Resource{ID: "Container other", Status: api.Error, Text: "bad"},
	)
	want := []progress.Event{
		{ID: "web", Status: progress.Done, Text: "Created"},
		{ID: "network n", Text: "Creating"},
		{ID: "other", Status: progress.Failed, Text: "bad"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLayerProgress(t *testing.T) {
	t.Parallel()
	e, ok := layerProgress("image x", jsonstream.Message{ID: "abc", Status: "Downloading", Progress: &jsonstream.Progress{Current: 1, Total: 2}})
	if d := cmp.Diff(progress.Event{ID: "abc", Parent: "image x", Text: "Downloading", Current: 1, Total: 2}, e); !ok || d != "" {
		t.Error(d)
	}
	if e, _ := layerProgress("image x", jsonstream.Message{ID: "abc", Status: "Pull complete"}); e.Status != progress.Done {
		t.Errorf("complete: %+v", e)
	}
	if _, ok := layerProgress("image x", jsonstream.Message{Status: "Digest: sha256:1"}); ok {
		t.Error("a message about the whole was taken for a layer")
	}
}

func TestFillEnv(t *testing.T) {
	t.Parallel()
	got := fillEnv([]string{"A=1", "SECRET", "OPEN", "B"}, map[string]string{"SECRET": "s=1", "A": "2", "B": ""})
	if d := cmp.Diff([]string{"A=1", "SECRET=s=1", "OPEN", "B="}, got); d != "" {
		t.Error(d)
	}
}

func TestARenderedPodGivesTheSameContainersEachTime(t *testing.T) {
	got := client.ContainerCreateOptions{
		Config: &container.Config{
			Env:    []string{"B=1", "A=2", "SECRET"},
			Labels: map[string]string{api.DependenciesLabel: "web:service_started:false,infra:service_started:true"},
		},
		HostConfig: &container.HostConfig{
			ExtraHosts: []string{"web:127.0.0.1", "cache:10.0.0.2", "cache:10.0.0.1"},
			Binds:      []string{"/b:/b:rw", "/a:/a:rw"},
			Mounts:     []mount.Mount{{Target: "/run/secrets/b"}, {Target: "/run/secrets/a"}},
			Resources:  container.Resources{Ulimits: []*container.Ulimit{{Name: "nproc"}, {Name: "nofile"}}},
		},
	}
	want := client.ContainerCreateOptions{
		Config: &container.Config{
			Env:    []string{"A=2", "B=1", "SECRET"},
			Labels: map[string]string{api.DependenciesLabel: "infra:service_started:true,web:service_started:false"},
		},
		HostConfig: &container.HostConfig{
			ExtraHosts: []string{"cache:10.0.0.2", "cache:10.0.0.1", "web:127.0.0.1"},
			Binds:      []string{"/a:/a:rw", "/b:/b:rw"},
			Mounts:     []mount.Mount{{Target: "/run/secrets/a"}, {Target: "/run/secrets/b"}},
			Resources:  container.Resources{Ulimits: []*container.Ulimit{{Name: "nofile"}, {Name: "nproc"}}},
		},
	}
	inOrder(&got)
	if diff := cmp.Diff(want.Config, got.Config); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(want.HostConfig, got.HostConfig, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatIsMine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		labels map[string]string
		want   bool
	}{
		"the pod's":              {map[string]string{podLabel: "p"}, true},
		"another pod's":          {map[string]string{podLabel: "q", api.ProjectLabel: "proj"}, false},
		"a hook of the project":  {map[string]string{api.ProjectLabel: "proj"}, true},
		"another project's":      {map[string]string{api.ProjectLabel: "else"}, false},
		"something without both": {nil, false},
	}
	for name, test := range tests {
		if got := (&Pod{spec: Spec{PodID: "p"}, project: "proj"}).mine(test.labels); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (&Pod{spec: Spec{PodID: "p"}}).mine(map[string]string{api.ProjectLabel: ""}) {
		t.Error("without a project everything is mine")
	}
}

func TestIsLocal(t *testing.T) {
	t.Parallel()
	if !isLocal("unix:///var/run/docker.sock", "6.1", "host", "6.1", "host") {
		t.Error("the engine of this machine")
	}
	if isLocal("unix:///x", "6.10-linuxkit", "docker-desktop", "6.1", "host") || isLocal("tcp://1.2.3.4:2375", "6.1", "host", "6.1", "host") {
		t.Error("an engine in a virtual machine or at an address")
	}
}

func TestAHooksContainerTellsWhoseItIs(t *testing.T) {
	t.Parallel()
	p := Pod{spec: Spec{Project: &types.Project{Services: types.Services{
		"web": {Labels: types.Labels{podLabel: "p", "dce.lease": "/l", "dce.front": "mesos", "mine": "1"}},
	}}}}
	labels := map[string]string{api.ServiceLabel: "web", api.HookLabel: "pre_start"}
	p.mark(labels)
	want := map[string]string{api.ServiceLabel: "web", api.HookLabel: "pre_start", "dce.lease": "/l", "dce.front": "mesos"}
	if d := cmp.Diff(want, labels); d != "" {
		t.Error(d)
	}
}

func TestAContainerOfSomebodyElseIsAStranger(t *testing.T) {
	t.Parallel()
	p := Pod{spec: Spec{Project: &types.Project{Services: types.Services{"web": {Labels: types.Labels{"dce.pid": "7"}}}}}}
	for name, test := range map[string]struct {
		labels map[string]string
		want   bool
	}{
		"one of the pod":            {map[string]string{api.ServiceLabel: "web", "dce.pid": "7"}, false},
		"of no service":             {map[string]string{"dce.pid": "7"}, true},
		"of another service":        {map[string]string{api.ServiceLabel: "db", "dce.pid": "7"}, true},
		"of an earlier executor":    {map[string]string{api.ServiceLabel: "web", "dce.pid": "6"}, true},
		"with what its image says":  {map[string]string{api.ServiceLabel: "web", "dce.pid": "7", "dce.lease": "/x"}, false},
		"with labels of other keys": {map[string]string{api.ServiceLabel: "web", "dce.pid": "7", "x": "y"}, false},
	} {
		if got := p.stranger(test.labels); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (&Pod{}).stranger(nil) {
		t.Error("a pod that was found has strangers")
	}
}

func TestWhatTheLastHealthcheckSaysOfAnEnd(t *testing.T) {
	t.Parallel()
	ok := &container.HealthcheckResult{Output: "fine"}
	failed := &container.HealthcheckResult{ExitCode: 1, Output: "refused"}
	for name, test := range map[string]struct {
		log     []*container.HealthcheckResult
		retries int
		want    string
	}{
		"it has not looked":                          {nil, 3, ""},
		"it was healthy":                             {[]*container.HealthcheckResult{failed, ok}, 3, "fine"},
		"it has never been healthy":                  {[]*container.HealthcheckResult{failed}, 3, "refused"},
		"it has become unhealthy":                    {[]*container.HealthcheckResult{ok, failed, failed}, 3, "refused"},
		"it was looked at while it ended":            {[]*container.HealthcheckResult{ok, ok, failed}, 3, ""},
		"the same, with the engine's own retries":    {[]*container.HealthcheckResult{ok, failed}, 0, ""},
		"one look that fails is enough for its file": {[]*container.HealthcheckResult{ok, failed}, 1, "refused"},
	} {
		if got := telling(test.log, test.retries); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
