package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// trial is an agent with one framework and an executor that is really started.
type trial struct {
	*testing.T

	agent     *Agent
	framework mesos.FrameworkInfo
	info      mesos.ExecutorInfo
	events    <-chan Event
}

func newTrial(t *testing.T, behaviour string, opts Options) *trial {
	t.Helper()
	setDefault(&opts.WorkDir, t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	a, err := Start(ctx, opts)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	tr := &trial{T: t, agent: a, events: a.Watch(ctx)}
	t.Cleanup(func() {
		defer cancel()
		stop, done := context.WithTimeout(ctx, 100*time.Millisecond)
		defer done()
		if err := a.Stop(stop); err != nil {
			t.Error(err)
		}
	})
	tr.framework = mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: "fw"}, Name: "tests", User: "root", Roles: []string{"*"}}
	tr.info = mesos.ExecutorInfo{
		Type: mesos.ExecutorInfo_CUSTOM, ExecutorID: mesos.ExecutorID{Value: "ex"},
		Command: &mesos.CommandInfo{
			Value: new("exec '" + testBinary() + "' an argument"),
			Environment: &mesos.Environment{Variables: []mesos.Environment_Variable{
				{Name: "TEST_EXECUTOR", Value: new(behaviour)},
			}},
		},
		Resources: []mesos.Resource{scalar("cpus", 0.1), scalar("mem", 64)},
	}

	return tr
}

func (tr *trial) launch(id string) {
	tr.Helper()
	task := mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id},
		Resources: []mesos.Resource{scalar("cpus", 0.2), scalar("mem", 64)},
	}
	tr.must(tr.agent.Launch(tr.Context(), tr.framework, tr.info, task))
}

func (tr *trial) must(err error) {
	tr.Helper()
	if err != nil {
		tr.Fatal(err)
	}
}

// expect waits for the events named in order: "t1 TASK_RUNNING", "FAILURE 9", with a part of the message after a colon.
func (tr *trial) expect(wanted ...string) []Event {
	tr.Helper()
	var seen []Event
	for _, want := range wanted {
		select {
		case event := <-tr.events:
			seen = append(seen, event)
			if got := describe(event); !strings.HasPrefix(got, want) {
				tr.Fatalf("the scheduler saw %q, want %q", got, want)
			}
		case <-time.After(patience):
			tr.Fatalf("the scheduler never saw %q", want)
		}
	}

	return seen
}

func describe(e Event) string {
	if e.Failure != nil {
		return fmt.Sprintf("FAILURE %d", e.Failure.Status)
	}
	s := e.Status
	text := s.TaskID.Value + " " + s.GetState().String()
	if s.Reason != nil {
		text += " " + s.GetReason().String()
	}
	if s.Message != nil {
		text += ": " + *s.Message
	}

	return text
}

func (tr *trial) read(name string, into any) {
	tr.Helper()
	data := tr.waitFile(name)
	tr.must(json.Unmarshal(data, into))
}

func (tr *trial) waitFile(name string) []byte {
	tr.Helper()
	path := filepath.Join(tr.executor().Directory, name)
	var data []byte
	eventually(tr.T, path+" is written", func() bool {
		data, _ = os.ReadFile(path) // not there yet
		return len(data) > 0
	})

	return data
}

func (tr *trial) executor() Executor {
	tr.Helper()
	e, err := tr.agent.Executor("fw", "ex")
	tr.must(err)

	return e
}

// eventually asks again and again until what another process does is done.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline, tick := time.NewTimer(patience), time.NewTicker(time.Millisecond)
	defer deadline.Stop()
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}
