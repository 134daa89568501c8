package supervisor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dce/internal/pod"
)

// TestWhateverHappensThePodEndsOnceAndWaitsForItsWork runs pods through events
// in random order and at random times. The fake holds that no two calls of the
// engine overlap and none outlives Run; goleak and synctest that no goroutine
// does.
func TestWhateverHappensThePodEndsOnceAndWaitsForItsWork(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { randomLife(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func randomLife(t *testing.T, r *rand.Rand) {
	t.Helper()
	work := func() func(context.Context) error {
		if r.IntN(5) == 0 {
			return func(context.Context) error { return errFake }
		}
		return takes(time.Duration(r.IntN(3000)) * time.Millisecond)
	}
	engine := &fake{prepare: work(), start: work(), remove: work()}
	stop := work()
	engine.stop = func(ctx context.Context, _ func() time.Duration) error { return stop(ctx) }
	rules := rules("infra", "web", "db")
	rules.Job = r.IntN(2) == 0
	rules.LaunchTimeout = time.Duration(r.IntN(4)) * time.Second
	rules.EngineTimeout = time.Duration(r.IntN(4)) * time.Second
	rules.KeepFailed = r.IntN(4) == 0

	l := newLife(t, rules, engine)
	for range 12 {
		l.after(time.Duration(r.IntN(8000))*time.Millisecond, randomEvent(r))
	}
	l.after(time.Minute, pod.Kill{By: "the end of the test"})
	p, got := l.run(t)

	if !p.State.Terminal() {
		t.Errorf("ended as %s: %s", p.State, got)
	}
	if n := len(l.front.states); n == 0 || l.front.states[n-1] != string(p.State) {
		t.Errorf("the last report is not %s: %s", p.State, got)
	}
	for _, once := range []string{"prepare", "start", "stop", "remove"} {
		if n := count(engine.calls, once); n > 1 {
			t.Errorf("%s was called %d times: %s", once, n, got)
		}
	}
	if i, j := slices.Index(engine.calls, "stop"), slices.Index(engine.calls, "start"); j > i && i >= 0 {
		t.Errorf("a start after the stop: %s", got)
	}
}

func count(list []string, s string) int {
	n := 0
	for _, v := range list {
		if v == s {
			n++
		}
	}
	return n
}

func randomEvent(r *rand.Rand) pod.Event {
	service := []string{"infra", "web", "db"}[r.IntN(3)]
	unhealthy := running(service)
	unhealthy.Container.Healthcheck, unhealthy.Container.Health = true, pod.Unhealthy
	all := []pod.Event{
		running(service), running(service), running(service), running(service),
		exited(service, 0), exited(service, r.IntN(3)), unhealthy,
		pod.Listed{Names: []string{"infra-1", "web-1"}},
		pod.EngineLost{Err: "unexpected EOF"},
		pod.EngineBack{},
		pod.Kill{By: "test", Grace: time.Duration(r.IntN(3)) * time.Second},
		pod.Kill{By: "test", Now: true},
		pod.Launch{},
	}
	return all[r.IntN(len(all))]
}
