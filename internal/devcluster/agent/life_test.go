package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if data, err := os.ReadFile(path); err == nil && len(data) > 0 {
			return data
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // waits for another process
	}
	tr.Fatalf("%s was never written", path)

	return nil
}

func (tr *trial) executor() Executor {
	tr.Helper()
	e, err := tr.agent.Executor("fw", "ex")
	tr.must(err)

	return e
}

func TestATaskIsLaunchedKilledAndItsExecutorShutDown(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "report", Options{})
	tr.launch("t1")
	seen := tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	if pid := seen[1].Status.ContainerStatus.GetExecutorPID(); int(pid) != tr.executor().Pid || pid == 0 {
		t.Errorf("executor_pid %d, want the launcher's %d", pid, tr.executor().Pid)
	}
	tr.must(tr.agent.Kill("fw", "t1", nil))
	tr.expect("t1 TASK_KILLED: killed on request")
	tr.must(tr.agent.Shutdown("fw", "ex"))
	tr.expect("FAILURE 0")
	if e := tr.executor(); e.State != "TERMINATED" || e.Tasks["t1"] != mesos.TASK_KILLED {
		t.Errorf("remembered as %+v", e)
	}
	latest, err := os.Readlink(filepath.Join(tr.executor().Directory, "..", "latest"))
	if err != nil || latest != tr.executor().Directory {
		t.Errorf("runs/latest is %q, %v", latest, err)
	}
	if got := string(tr.waitFile("stdout")); got != "launched t1\n" {
		t.Errorf("stdout %q", got)
	}
}

func TestAnExecutorIsGivenWhatARealAgentGives(t *testing.T) {
	t.Parallel()
	for _, recording := range []string{"launch", "agent-restart", "shutdown-ignored-2s", "auth"} {
		t.Run(recording, func(t *testing.T) {
			t.Parallel()
			opts := Options{}
			if recording == "auth" {
				opts.JWTSecret = []byte("secret")
			}
			tr := newTrial(t, "report", opts)
			tr.framework.Checkpoint = new(recording == "agent-restart")
			if recording == "shutdown-ignored-2s" {
				tr.info.ShutdownGracePeriod = &mesos.DurationInfo{Nanoseconds: int64(2 * time.Second)}
			}
			tr.launch("t1")
			tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
			var got given
			tr.read("report.json", &got)
			e := tr.executor()

			if diff := cmp.Diff(recordedEnvironment(t, recording, tr.agent, e), environmentMap(got.Environment)); diff != "" {
				t.Errorf("environment (-recorded +got):\n%s", diff)
			}
			want := given{
				Args: []string{testBinary(), "an", "argument"}, Environment: got.Environment, Directory: e.Directory,
				Session: e.Pid, Group: e.Pid, Parent: e.Pid, Cgroups: got.Cgroups,
				Descriptors: []string{"/dev/null", e.Directory + "/stdout", e.Directory + "/stderr"},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("process (-want +got):\n%s", diff)
			}
		})
	}
}

// recordedEnvironment is a recorded environment with the ids of this agent in it.
func recordedEnvironment(t *testing.T, name string, a *Agent, e Executor) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/wire/" + name + ".env.json")
	if err != nil {
		t.Fatal(err)
	}
	var env map[string]string
	if err := json.Unmarshal(data, &env); err != nil {
		t.Fatal(err)
	}
	maps.Copy(env, map[string]string{
		"MESOS_DIRECTORY": e.Directory, "MESOS_SANDBOX": e.Directory, "PWD": e.Directory,
		"MESOS_AGENT_ENDPOINT": a.Endpoint(), "MESOS_SLAVE_PID": "slave(1)@" + a.Endpoint(), "MESOS_SLAVE_ID": a.ID(),
		"MESOS_EXECUTOR_ID": "ex", "MESOS_FRAMEWORK_ID": "fw", "TEST_EXECUTOR": "report",
	})
	if env["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] != "" {
		env["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] = newToken([]byte("secret"), claims{e.ContainerID, "ex", "fw"})
	}

	return env
}

func environmentMap(list []string) map[string]string {
	env := map[string]string{}
	for _, v := range list {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}

	return env
}

func TestAProgramIsStartedWithoutAShell(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "report", Options{})
	tr.info.Command.Shell = new(false)
	tr.info.Command.Value = new(testBinary())
	tr.info.Command.Arguments = []string{"name", "$HOME", "two words"}
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	var got given
	tr.read("report.json", &got)
	if diff := cmp.Diff([]string{testBinary(), "$HOME", "two words"}, got.Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if pwd, ok := environmentMap(got.Environment)["PWD"]; ok {
		t.Errorf("PWD is %q; without a shell there is none", pwd)
	}
}

func TestTheEndOfAnExecutorIsToldAsAnAgentTellsIt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		behaviour string
		opts      Options
		prepare   func(*trial)
		act       func(*trial)
		before    []string // until the act
		want      []string
	}{
		"a crash fails its tasks": {
			behaviour: "crash",
			before:    []string{"t1 TASK_STARTING", "t1 TASK_RUNNING"},
			want:      []string{"FAILURE 1792", "t1 TASK_FAILED REASON_EXECUTOR_TERMINATED: Executor terminated"},
		},
		"a shutdown that is ignored ends with SIGKILL": {
			behaviour: "ignore", opts: Options{ShutdownGrace: 50 * time.Millisecond},
			before: []string{"t1 TASK_STARTING", "t1 TASK_RUNNING"},
			act:    func(tr *trial) { tr.must(tr.agent.Shutdown("fw", "ex")) },
			want:   []string{"FAILURE 9", "t1 TASK_FAILED REASON_EXECUTOR_TERMINATED: Executor terminated"},
		},
		"an executor that never subscribes is killed": {
			behaviour: "silent", opts: Options{RegistrationTimeout: 200 * time.Millisecond},
			want: []string{"FAILURE 9", "t1 TASK_FAILED REASON_EXECUTOR_REGISTRATION_TIMEOUT: Executor did not register within 200ms"},
		},
		"a program that is not there": {
			prepare: func(tr *trial) { tr.info.Command.Value = new("exec ./missing") },
			want:    []string{"FAILURE 32512", "t1 TASK_FAILED REASON_EXECUTOR_TERMINATED: Executor terminated"},
		},
		"what cannot be fetched fails the launch": {
			prepare: func(tr *trial) { tr.info.Command.URIs = []mesos.CommandInfo_URI{{Value: "/no/such/file"}} },
			want:    []string{"FAILURE -1", "t1 TASK_FAILED REASON_CONTAINER_LAUNCH_FAILED: Failed to launch container: Failed to fetch all URIs for container"},
		},
		"a user that is not there fails the launch": {
			prepare: func(tr *trial) {
				if os.Geteuid() != 0 {
					tr.Skip("only root starts executors as another user")
				}
				tr.framework.User = "no-such-user"
			},
			want: []string{"FAILURE -1", "t1 TASK_FAILED REASON_CONTAINER_LAUNCH_FAILED: Failed to launch container: Failed to get UID of user 'no-such-user'"},
		},
		"a task killed before the executor subscribed": {
			behaviour: "silent",
			act:       func(tr *trial) { tr.must(tr.agent.Kill("fw", "t1", nil)) },
			want:      []string{"t1 TASK_KILLED REASON_TASK_KILLED_DURING_LAUNCH: Killed before delivery to the executor"},
		},
		"a task that nobody knows": {
			behaviour: "run", before: []string{"t1 TASK_STARTING", "t1 TASK_RUNNING"},
			act:  func(tr *trial) { tr.must(tr.agent.Kill("fw", "t2", nil)) },
			want: []string{"t2 TASK_LOST REASON_RECONCILIATION: Reconciliation: Task is unknown to the agent"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t, test.behaviour, test.opts)
			if test.prepare != nil {
				test.prepare(tr)
			}
			tr.launch("t1")
			tr.expect(test.before...)
			if test.act != nil {
				test.act(tr)
			}
			tr.expect(test.want...)
		})
	}
}

func TestAnExecutorWithCheckpointSurvivesARestart(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "away", Options{})
	tr.framework.Checkpoint = new(true)
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	before := tr.executor()
	restart := RestartOptions{Down: 30 * time.Millisecond, NotFound: 20 * time.Millisecond, Recovering: 20 * time.Millisecond}
	tr.must(tr.agent.Restart(t.Context(), restart))
	tr.expect("t1 TASK_RUNNING: made while the agent was away")
	if after := tr.executor(); after.Pid != before.Pid || after.ContainerID != before.ContainerID || !isAlive(after.Pid) {
		t.Errorf("before the restart %+v, after it %+v", before, after)
	}
	tr.must(tr.agent.Kill("fw", "t1", nil))
	tr.expect("t1 TASK_KILLED")
}

func TestAfterARestart(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		behaviour  string
		checkpoint bool
		aware      bool
		before     []string
		want       []string
	}{
		"an executor that comes too late is killed": {
			behaviour: "late", checkpoint: true, aware: true, before: []string{"t1 TASK_STARTING", "t1 TASK_RUNNING"},
			want: []string{"FAILURE 9", "t1 TASK_GONE REASON_EXECUTOR_REREGISTRATION_TIMEOUT: Executor did not reregister within 200ms"},
		},
		"a framework that knows no partitions hears of a lost task": {
			behaviour: "late", checkpoint: true, before: []string{"t1 TASK_STARTING", "t1 TASK_RUNNING"},
			want: []string{"FAILURE 9", "t1 TASK_LOST REASON_EXECUTOR_REREGISTRATION_TIMEOUT: Executor did not reregister within 200ms"},
		},
		"tasks without checkpoint are lost at once": {
			behaviour: "late", before: []string{"t1 TASK_STARTING", "t1 TASK_RUNNING"},
			want: []string{"t1 TASK_LOST REASON_AGENT_DISCONNECTED: Agent 127.0.0.1 disconnected"},
		},
		"a task that the executor does not name was lost on the way": {
			behaviour: "mute forget", checkpoint: true, aware: true,
			want: []string{"t1 TASK_DROPPED REASON_AGENT_RESTARTED: Task launched during agent restart", "FAILURE 0"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t, test.behaviour, Options{ReregistrationTimeout: 200 * time.Millisecond})
			tr.framework.Checkpoint = &test.checkpoint
			if test.aware {
				tr.framework.Capabilities = []mesos.FrameworkInfo_Capability{{Type: mesos.FrameworkInfo_Capability_PARTITION_AWARE}}
			}
			tr.launch("t1")
			tr.expect(test.before...)
			tr.waitFile("stdout")
			pid := tr.executor().Pid
			tr.must(tr.agent.Restart(t.Context(), RestartOptions{}))
			tr.expect(test.want...)
			eventually(t, "the executor is gone", func() bool { return !isAlive(pid) })
		})
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // waits for another process
	}
}

func TestThePosixLauncherKillsTheSessionAndWhatStillHasItsParent(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "children ignore", Options{ShutdownGrace: time.Millisecond})
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	var children []int
	tr.read("children.json", &children)
	tr.must(tr.agent.Shutdown("fw", "ex"))
	tr.expect("FAILURE 9")
	for _, pid := range children {
		eventually(t, fmt.Sprintf("child %d is gone", pid), func() bool { return !isAlive(pid) })
	}
}

func TestAChildInItsOwnSessionSurvivesAnExecutorThatLeftIt(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "children", Options{})
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	var children []int
	tr.read("children.json", &children)
	tr.must(tr.agent.Shutdown("fw", "ex"))
	tr.expect("FAILURE 0")
	if isAlive(children[0]) {
		t.Error("the child in the executor's session lives")
	}
	if !isAlive(children[1]) {
		t.Error("the child in its own session is dead; the posix launcher does not know it")
	}
	tr.must(syscall.Kill(children[1], syscall.SIGKILL))
}

func TestStopLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	a, err := Start(t.Context(), Options{WorkDir: t.TempDir(), ShutdownGrace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	tr := newTrial(t, "ignore children", Options{})
	tr.agent, tr.events = a, a.Watch(t.Context())
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	pid := tr.executor().Pid
	var children []int
	tr.read("children.json", &children)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	tr.must(a.Stop(ctx))
	for _, pid := range append(children, pid) {
		if isAlive(pid) {
			t.Errorf("process %d lives", pid)
		}
	}
	tr.expect("FAILURE 9", "t1 TASK_FAILED")
	if _, open := <-tr.events; open {
		t.Error("the watch goes on after Stop")
	}
	if err := a.Launch(t.Context(), tr.framework, tr.info); err == nil {
		t.Error("a stopped agent launches")
	}
}

func TestWhatDoesNotExistIsSaid(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "", Options{})
	for what, err := range map[string]error{
		"Kill":     tr.agent.Kill("nope", "t1", nil),
		"Shutdown": tr.agent.Shutdown("nope", "ex"),
		"Teardown": tr.agent.Teardown("nope"),
		"Message":  tr.agent.Message("nope", "ex", nil),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s of an unknown framework: %v", what, err)
		}
	}
	tr.info.ExecutorID.Value = "../escape"
	if err := tr.agent.Launch(t.Context(), tr.framework, tr.info); err == nil {
		t.Error("an executor id with a slash was taken: it becomes a directory")
	}
}

func TestAnEndedExecutorLeavesNoOpenFiles(t *testing.T) {
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skipf("needs /proc: %v", err)
		}

		return len(entries)
	}
	tr := newTrial(t, "crash", Options{})
	before := open()
	for i := range 5 {
		tr.info.ExecutorID.Value = fmt.Sprint("ex", i)
		tr.launch("t1")
		tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING", "FAILURE 1792", "t1 TASK_FAILED")
	}
	eventually(t, "the files of five executors are closed", func() bool { return open() <= before+1 })
}

func TestThirtyExecutorsAtOnce(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "run", Options{})
	running := map[string]bool{}
	for i := range 30 {
		tr.info.ExecutorID.Value = fmt.Sprint("ex", i)
		tr.launch(fmt.Sprint("t", i))
	}
	for len(running) < 30 {
		select {
		case event := <-tr.events:
			if event.Status.GetState() == mesos.TASK_RUNNING {
				running[event.Status.TaskID.Value] = true
			}
		case <-time.After(patience):
			t.Fatalf("only %d of 30 tasks run", len(running))
		}
	}
}
