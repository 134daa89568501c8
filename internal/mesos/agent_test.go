package mesos_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/mesos"
)

// attended is a session with a task under the agent of devcluster, which was
// built apart from this package against the same recordings.
type attended struct {
	*testing.T
	agent   *agent.Agent
	session *mesos.Session
	told    <-chan agent.Event
	events  chan mesos.Event
	ended   chan error
}

const framework, executorID, taskID = "f", "e", "t"

func attend(t *testing.T, opts agent.Options) *attended {
	t.Helper()
	opts.WorkDir, opts.Attach = t.TempDir(), true
	a, err := agent.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	at := &attended{T: t, agent: a, told: a.Watch(t.Context()), events: make(chan mesos.Event, 100), ended: make(chan error, 1)}
	checkpoint := true
	f := v1.FrameworkInfo{ID: &v1.FrameworkID{Value: framework}, User: "root", Checkpoint: &checkpoint}
	e := v1.ExecutorInfo{ExecutorID: v1.ExecutorID{Value: executorID}, Command: &v1.CommandInfo{Value: new("exit 1")}}
	if err := a.Launch(t.Context(), f, e, v1.TaskInfo{Name: "task", TaskID: v1.TaskID{Value: taskID}}); err != nil {
		t.Fatal(err)
	}
	at.session = at.newSession()
	ctx, leave := context.WithCancel(t.Context())
	t.Cleanup(func() {
		leave()
		if err := <-at.ended; err != nil {
			t.Error(err)
		}
		if err := a.Exited(framework, executorID, 0); err != nil {
			t.Error(err)
		}
		if err := a.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	go func() { at.ended <- at.session.Run(ctx, func(e mesos.Event) { at.events <- e }) }()
	return at
}

// newSession waits for the executor's environment and makes a session of it.
func (a *attended) newSession() *mesos.Session {
	a.Helper()
	for a.Context().Err() == nil {
		known, err := a.agent.Executor(framework, executorID)
		if err != nil || len(known.Environment) == 0 {
			<-time.After(time.Millisecond)
			continue
		}
		env, err := mesos.ParseEnvironment(known.Environment)
		if err != nil {
			a.Fatal(err)
		}
		s, err := mesos.NewSession(env, mesos.Options{})
		if err != nil {
			a.Fatal(err)
		}
		return s
	}
	a.Fatal("the executor is not started")
	return nil
}

func event[E mesos.Event](a *attended) E {
	a.Helper()
	select {
	case got := <-a.events:
		e, ok := got.(E)
		if !ok {
			a.Fatalf("got %#v, want %T", got, e)
		}
		return e
	case <-time.After(time.Minute):
		var e E
		a.Fatalf("no %T within a minute", e)
		return e
	}
}

// tell gives an update and waits until the scheduler has it.
func (a *attended) tell(u mesos.Update) {
	a.Helper()
	u.TaskID = taskID
	if err := a.session.Update(u); err != nil {
		a.Fatal(err)
	}
	a.scheduled(u)
}

func (a *attended) scheduled(u mesos.Update) {
	a.Helper()
	select {
	case got := <-a.told:
		if got.Status == nil || got.Status.GetState() != u.State || got.Status.GetMessage() != u.Message {
			a.Fatalf("the scheduler is told %+v, want %s %q", got, u.State, u.Message)
		}
	case <-time.After(time.Minute):
		a.Fatalf("the scheduler is not told of %s %q within a minute", u.State, u.Message)
	}
}

func TestALifeUnderTheAgentOfDevcluster(t *testing.T) {
	for name, opts := range map[string]agent.Options{
		"over TCP":                   {},
		"over the domain socket":     {DomainSocket: "agent.sock"},
		"with authentication":        {JWTSecret: []byte("a key of this test")},
		"over the socket, with both": {DomainSocket: "agent.sock", JWTSecret: []byte("a key of this test")},
	} {
		t.Run(name, func(t *testing.T) {
			if opts.DomainSocket != "" {
				opts.DomainSocket = filepath.Join(t.TempDir(), opts.DomainSocket)
			}
			live(attend(t, opts))
		})
	}
}

func live(a *attended) {
	a.Helper()
	event[mesos.Subscribed](a)
	if l := event[mesos.Launch](a); len(l.Tasks) != 1 || l.Tasks[0].TaskID.Value != taskID {
		a.Fatalf("got %+v", l)
	}
	a.tell(mesos.Update{State: v1.TASK_STARTING})
	a.tell(mesos.Update{State: v1.TASK_RUNNING})

	back := make(chan error, 1)
	go func() {
		back <- a.agent.Restart(a.Context(), agent.RestartOptions{
			Down: 200 * time.Millisecond, NotFound: 50 * time.Millisecond, Recovering: 50 * time.Millisecond,
		})
	}()
	away := mesos.Update{TaskID: taskID, State: v1.TASK_RUNNING, Message: "while the agent was away"}
	if err := a.session.Update(away); err != nil {
		a.Fatal(err)
	}
	if err := <-back; err != nil {
		a.Fatal(err)
	}
	a.scheduled(away)
	if s := event[mesos.Subscribed](a); !s.Again {
		a.Error("the second subscription must say so")
	}

	if err := a.agent.Kill(framework, taskID, nil); err != nil {
		a.Fatal(err)
	}
	if k := event[mesos.Kill](a); k.TaskID != taskID {
		a.Errorf("got %+v", k)
	}
	a.tell(mesos.Update{State: v1.TASK_KILLED, Message: "by request"})
	ctx, cancel := context.WithTimeout(a.Context(), time.Minute)
	defer cancel()
	if err := a.session.Flush(ctx, time.Hour); err != nil {
		a.Error(err)
	}
	if err := a.session.Update(mesos.Update{TaskID: taskID, State: v1.TASK_RUNNING}); !errors.Is(err, mesos.ErrEnded) {
		a.Errorf("after the end: %v", err)
	}
	if err := a.agent.Shutdown(framework, executorID); err != nil {
		a.Fatal(err)
	}
	event[mesos.Shutdown](a)
}
