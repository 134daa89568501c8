package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dce/internal/pod"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an engine whose every call does what the test says. It fails the
// test when two of its calls overlap, or when a call begins after the
// supervisor has returned.
type fake struct {
	t       *testing.T
	prepare func(context.Context) error
	start   func(context.Context) error
	stop    func(ctx context.Context, until func() time.Duration) error
	remove  func(context.Context) error
	watch   func(ctx context.Context, post func(pod.Event))

	mu    sync.Mutex
	busy  string
	over  bool
	calls []string
}

func (f *fake) enter(name string) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy != "" {
		f.t.Errorf("%s began while %s was under way", name, f.busy)
	}
	if f.over {
		f.t.Errorf("%s began after the end", name)
	}
	f.busy = name
	f.calls = append(f.calls, name)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.busy = ""
	}
}

// ended says that the supervisor has returned: nothing may be under way.
func (f *fake) ended() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy != "" {
		f.t.Errorf("%s still under way after the end", f.busy)
	}
	f.over = true
	return f.calls
}

func (f *fake) Prepare(ctx context.Context) error {
	defer f.enter("prepare")()
	return call(ctx, f.prepare)
}

func (f *fake) Start(ctx context.Context) error {
	defer f.enter("start")()
	return call(ctx, f.start)
}

func (f *fake) Stop(ctx context.Context, until func() time.Duration, evidence string) (pod.Evidence, error) {
	defer f.enter("stop")()
	var e pod.Evidence
	if evidence != "" {
		e.Logs = []string{"the last words of " + evidence}
	}
	if f.stop == nil {
		return e, nil
	}
	return e, f.stop(ctx, until)
}

func (f *fake) Remove(ctx context.Context) error {
	defer f.enter("remove")()
	return call(ctx, f.remove)
}

func (f *fake) Watch(ctx context.Context, post func(pod.Event)) {
	if f.watch != nil {
		f.watch(ctx, post)
	}
	<-ctx.Done()
}

func call(ctx context.Context, do func(context.Context) error) error {
	if do == nil {
		return nil
	}
	return do(ctx)
}

// takes is work that needs this long and gives up when told to, after a while.
func takes(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			<-time.After(100 * time.Millisecond) // the engine's work in flight still ends
			return context.Cause(ctx)
		}
	}
}

// front records every report as one word.
type front struct {
	states []string
	last   pod.Pod
	do     func(pod.Pod)
}

func (f *front) Report(p pod.Pod) {
	f.states = append(f.states, string(p.State))
	f.last = p
	if f.do != nil {
		f.do(p)
	}
}

func running(service string) pod.Observed {
	return pod.Observed{Container: pod.Container{Service: service, Name: service + "-1", State: pod.Up}}
}

func exited(service string, code int) pod.Observed {
	return pod.Observed{Container: pod.Container{Service: service, Name: service + "-1", State: pod.Exited, ExitCode: code}}
}

func rules(services ...string) pod.Rules {
	r := pod.Rules{Infra: "infra", Expect: map[string]int{}}
	for _, s := range services {
		r.Expect[s] = 1
	}
	return r
}

var errFake = errors.New("no such image")

func transcript(states, calls []string) string { return fmt.Sprint(states, calls) }
