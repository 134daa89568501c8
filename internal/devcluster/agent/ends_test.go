package agent

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

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
