package agent

import (
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

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
