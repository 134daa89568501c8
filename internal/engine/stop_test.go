package engine_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"dce/internal/enginetest"
)

const stubborn = `
  web:
    image: %image%
    network_mode: service:infra
    stop_grace_period: 5m
    %labels%
    command: [sh, -c, "trap : TERM; echo up; while :; do sleep 0.1; done"]
    healthcheck: {test: [CMD-SHELL, "echo not yet; exit 1"], interval: 1s, retries: 100}
`

func TestAStopKeepsToItsBoundWhateverTheGrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "bound")
	p := f.pod(stubborn)
	f.up(p)
	f.saying("up", "web")
	deadline := time.Now().Add(1500 * time.Millisecond)
	evidence, err := p.Stop(t.Context(), func() time.Duration { return max(0, time.Until(deadline)) }, f.id+"-web-1")
	if err != nil {
		t.Fatal(err)
	}
	if got := f.states(); !slices.Equal(got, []string{"infra exited", "web exited"}) {
		t.Errorf("after the stop: %v", got)
	}
	if !slices.Equal(evidence.Logs, []string{"up"}) {
		t.Errorf("evidence: %+v", evidence)
	}
	f.down(p)
}

func TestAStopUnderWayCanBeHastened(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "hasten")
	p := f.pod(stubborn)
	f.up(p)
	w := f.watch(p)
	var now atomic.Bool
	stopped := make(chan error, 1)
	go func() {
		_, err := p.Stop(t.Context(), func() time.Duration {
			if now.Load() {
				return 0
			}
			return -1
		}, "")
		stopped <- err
	}()
	// Its own grace is five minutes: it ends because of the hurry or not at all.
	if got := f.states(); !slices.Contains(got, "web running") {
		t.Errorf("before the hurry: %v", got)
	}
	now.Store(true)
	f.eventually(w, "the end", "web exited 137 starting") // infra by a kill or by its signal, whichever comes first
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	f.down(p)
}

func TestAPodKnownByItsLabelsIsStoppedAndRemoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "found")
	p := f.pod(`
  web:
    %shared%
    stop_signal: SIGUSR1
    command: [sh, -c, "trap 'exit 3' USR1; echo up; while :; do sleep 0.1; done"]
volumes:
  data: {name: %id%-data, %labels%}
`)
	f.up(p)
	f.saying("up", "web")
	found, err := f.engine.Find(t.Context(), f.id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := found.Stop(t.Context(), unbounded, ""); err != nil {
		t.Fatal(err)
	}
	pods, err := f.engine.Pods(t.Context(), map[string]string{"dce.pod": f.id})
	if err != nil || len(pods) != 1 {
		t.Fatalf("%v, %v", pods, err)
	}
	if c := pods[0].Containers[1]; c.Service != "web" || c.ExitCode != 3 {
		t.Errorf("its own signal was not sent: %+v", c)
	}
	if pods[0].Project != f.id || pods[0].Labels["dce.pod"] != f.id {
		t.Errorf("the summary: %+v", pods[0])
	}
	if err := found.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.down(p) // the volume: a pod that is found keeps its volumes
	if _, err := f.engine.Find(t.Context(), f.id); !hasCode(err, "DCE334") {
		t.Errorf("a pod that is gone: %v", err)
	}
}

func TestStoppingWhatIsStoppedAndRemovingWhatIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "again")
	p := f.pod("")
	f.down(p)
	f.up(p)
	f.down(p)
	f.down(p)
}

func TestThePodHoldsNoPortWhenStopHasReturned(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "port")
	port := enginetest.FreePort(t)
	rendered := f.yamlWithPort(port)
	p := f.podOf(rendered)
	f.up(p)
	pods, err := f.engine.Pods(t.Context(), map[string]string{"dce.pod": f.id})
	if err != nil || len(pods) != 1 || len(pods[0].Containers[0].Ports) != 1 || pods[0].Containers[0].Ports[0].HostPort != port {
		t.Errorf("the pod's ports: %+v, %v", pods, err)
	}
	if _, err := p.Stop(t.Context(), unbounded, ""); err != nil {
		t.Fatal(err)
	}
	enginetest.Listen(t, port).Close()
	f.down(p)
}

func TestSecretsAreFilledInWhenTheContainerIsMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "env")
	p := f.pod(`
  web:
    %shared%
    environment: {TOKEN: null, OPEN: null, PLAIN: "1"}
    command: [sleep, "100"]
`, withEnv(map[string]map[string]string{"web": {"TOKEN": "hush $HOME"}}))
	f.up(p)
	defer f.down(p)
	res, err := f.api.ContainerInspect(t.Context(), f.id+"-web-1", client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	env := res.Container.Config.Env
	if !slices.Contains(env, "TOKEN=hush $HOME") || !slices.Contains(env, "PLAIN=1") {
		t.Errorf("environment: %q", env)
	}
	for _, v := range res.Container.Config.Labels {
		if v == "hush $HOME" {
			t.Error("the secret is in a label")
		}
	}
}
