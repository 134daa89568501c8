package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/enginetest"
	"dce/internal/pod"
	"dce/internal/project"
)

// unbounded is a stop without a bound of its own.
func unbounded() time.Duration { return -1 }

// fixture is a rendered pod: infra and what the test adds, all with the pod's
// label and a short grace.
type fixture struct {
	t      testing.TB
	api    *client.Client
	engine *engine.Engine
	id     string
	image  string
}

func newFixture(tb testing.TB, name string) fixture {
	tb.Helper()
	api := enginetest.Require(tb)
	id := enginetest.PodID(tb, name)
	enginetest.Clean(tb, api, id)
	return fixture{tb, api, enginetest.Connect(tb, engine.Options{}), id, enginetest.Busybox(tb, api)}
}

// yaml is a rendered file: what follows is indented below services, with
// %image%, %labels% and %shared% filled in.
func (f fixture) yaml(services string) string {
	labels := fmt.Sprintf("labels: {dce.pod: %s}", f.id)
	services = strings.NewReplacer("%image%", f.image, "%labels%", labels,
		"%shared%", "image: "+f.image+"\n    network_mode: service:infra\n    stop_grace_period: 2s\n    "+labels,
		"%id%", f.id).Replace(services)
	return fmt.Sprintf(`name: %s
services:
  infra:
    image: dce/infra:1
    network_mode: bridge
    pull_policy: never
    %s
%s`, f.id, labels, services)
}

func (f fixture) pod(services string, change ...func(*engine.Spec)) *engine.Pod {
	f.t.Helper()
	return f.podOf(f.yaml(services), change...)
}

func (f fixture) up(p *engine.Pod) {
	f.t.Helper()
	if err := p.Prepare(f.t.Context()); err != nil {
		f.t.Fatalf("preparing: %v", err)
	}
	if err := p.Start(f.t.Context()); err != nil {
		f.t.Fatalf("starting: %v", err)
	}
}

func (f fixture) down(p *engine.Pod) {
	f.t.Helper()
	if _, err := p.Stop(f.t.Context(), unbounded, ""); err != nil {
		f.t.Fatalf("stopping: %v", err)
	}
	if err := p.Remove(f.t.Context()); err != nil {
		f.t.Fatalf("removing: %v", err)
	}
}

// states are the pod's services with their state, sorted.
func (f fixture) states() []string {
	f.t.Helper()
	pods, err := f.engine.Pods(f.t.Context(), map[string]string{"dce.pod": f.id})
	if err != nil {
		f.t.Fatalf("listing: %v", err)
	}
	var states []string
	for _, p := range pods {
		for _, c := range p.Containers {
			states = append(states, c.Service+" "+c.State)
		}
	}
	slices.Sort(states)
	return states
}

// watcher records what Watch posts.
type watcher struct {
	mu     sync.Mutex
	events []string
	full   []pod.Event
}

func (f fixture) watch(p *engine.Pod) *watcher {
	w := &watcher{}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { p.Watch(ctx, w.post) })
	f.t.Cleanup(func() { cancel(); watching.Wait() })
	f.eventually(w, "the first list", "listed")
	return w
}

func (w *watcher) post(e pod.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.full = append(w.full, e)
	w.events = append(w.events, told(e))
}

func told(e pod.Event) string {
	switch e := e.(type) {
	case pod.Observed:
		c := e.Container
		s := fmt.Sprintf("%s %s", c.Service, c.State)
		if c.State == pod.Exited {
			s += fmt.Sprintf(" %d", c.ExitCode)
		}
		if c.OOMKilled {
			s += " oom"
		}
		if c.Health != "" {
			s += " " + string(c.Health)
		}
		return s
	case pod.Listed:
		return "listed"
	case pod.EngineLost:
		return "lost"
	case pod.EngineBack:
		return "back"
	default:
		return fmt.Sprintf("%T", e)
	}
}

func (w *watcher) transcript() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.events, "; ")
}

// eventually waits until every one of the lines was posted.
func (f fixture) eventually(w *watcher, what string, lines ...string) {
	f.t.Helper()
	enginetest.Eventually(f.t, 30*time.Second, what, func() (bool, string) {
		all := w.transcript()
		for _, l := range lines {
			if !slices.Contains(strings.Split(all, "; "), l) {
				return false, all
			}
		}
		return true, all
	})
}

func hasCode(err error, code diag.Code) bool {
	list, _ := diag.Of(err)
	return slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Code == code })
}

func TestAPodComesUpIsWatchedAndGoes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "life")
	p := f.pod(`
  web:
    %shared%
    command: [sh, -c, "trap 'exit 0' TERM; echo hello; while :; do sleep 0.1; done"]
    volumes: [data:/data, /anonymous]
  side:
    %shared%
    command: [sh, -c, "trap 'exit 7' TERM; echo hello; while :; do sleep 0.1; done"]
    depends_on: {web: {condition: service_started}}
volumes:
  data: {name: %id%-data, %labels%}
`)
	w := f.watch(p)
	f.up(p)
	if got := f.states(); !slices.Equal(got, []string{"infra running", "side running", "web running"}) {
		t.Errorf("after Start: %v", got)
	}
	f.eventually(w, "the starts", "infra running", "web running", "side running")
	f.saying("hello", "web", "side")
	evidence, err := p.Stop(t.Context(), unbounded, f.id+"-side-1")
	if err != nil {
		t.Fatalf("stopping: %v", err)
	}
	if !slices.Equal(evidence.Logs, []string{"hello"}) {
		t.Errorf("evidence: %q", evidence.Logs)
	}
	if got := f.states(); !slices.Equal(got, []string{"infra exited", "side exited", "web exited"}) {
		t.Errorf("after Stop: %v", got)
	}
	f.eventually(w, "the ends", "infra exited 0", "web exited 0", "side exited 7")
	if all := w.transcript(); strings.Index(all, "side exited") > strings.Index(all, "web exited") || strings.Index(all, "web exited") > strings.Index(all, "infra exited") {
		t.Errorf("not in reverse order of dependency: %s", all)
	}
	if err := p.Remove(t.Context()); err != nil {
		t.Fatalf("removing: %v", err)
	}
	f.eventually(w, "the removal", "infra gone", "web gone", "side gone")
}

// saying waits until services have said something: what stands before it in their
// commands, such as a trap, is done then.
func (f fixture) saying(text string, services ...string) {
	f.t.Helper()
	for _, service := range services {
		enginetest.Eventually(f.t, time.Minute, service+" to say "+text, func() (bool, string) {
			var said []string
			err := f.engine.Logs(f.t.Context(), f.id, engine.LogOptions{Services: []string{service}, Tail: "all"}, func(l engine.LogLine) { said = append(said, l.Text) })
			return slices.Contains(said, text), fmt.Sprint(said, err)
		})
	}
}

// podOf is the pod of a rendered file as it stands.
func (f fixture) podOf(rendered string, change ...func(*engine.Spec)) *engine.Pod {
	f.t.Helper()
	p, err := project.LoadRendered(f.t.Context(), []byte(rendered))
	if err != nil {
		f.t.Fatalf("loading the test's pod: %v", err)
	}
	spec := engine.Spec{Project: p, PodID: f.id, RemoveVolumes: true}
	for _, c := range change {
		c(&spec)
	}
	return f.engine.Pod(spec)
}

// yamlWithPort is infra alone, with a published port.
func (f fixture) yamlWithPort(port uint16) string {
	return strings.Replace(f.yaml(""), "network_mode: bridge", fmt.Sprintf("network_mode: bridge\n    ports: [\"127.0.0.1:%d:80\"]", port), 1)
}

func withEnv(env map[string]map[string]string) func(*engine.Spec) {
	return func(s *engine.Spec) { s.Env = env }
}
