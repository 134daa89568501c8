package executor

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/mesos"
	"dce/internal/pod"
)

// task is one task of the executor. Only the loop touches it.
type task struct {
	id   string
	info v1.TaskInfo
	// number counts the executor's tasks from zero: the first has the sandbox and
	// the container's id for itself.
	number int
	grace  *time.Duration // the task's own kill policy
	killed *pod.Kill      // told so, before there was a pod
	abort  context.CancelFunc

	run       *run // nil until staged
	view      view
	pod       pod.Pod // as reported last
	checking  bool
	endChecks context.CancelFunc
}

func newTask(info v1.TaskInfo, number int) *task {
	t := &task{id: info.TaskID.Value, info: info, number: number}
	if p := info.GetKillPolicy(); p != nil && p.GracePeriod != nil {
		d := time.Duration(p.GracePeriod.Nanoseconds)
		t.grace = &d
	}
	return t
}

// kill ends the task: the work before there is a pod, else the pod.
func (t *task) kill(k pod.Kill) {
	if t.run != nil {
		t.run.life.Post(k)
		return
	}
	t.killed = &k
	t.abort()
}

// stopTime is how long the pod may take to stop where no agent says.
func (t *task) stopTime() time.Duration {
	if t.run == nil || t.run.stopTimeout == 0 {
		return lostTime
	}
	return t.run.stopTimeout
}

func (t *task) unchecked() {
	if t.endChecks != nil {
		t.endChecks()
	}
}

// killWithin is a kill with the grace of a kill policy: nil is none of its own,
// zero is at once.
func killWithin(grace *time.Duration, by string) pod.Kill {
	k := pod.Kill{By: by}
	if grace != nil {
		k.Grace = max(*grace, 0)
		k.Now = *grace <= 0
	}
	return k
}

// killedEarly is the last update of a task that never had a pod.
func killedEarly(t *task) mesos.Update {
	return mesos.Update{
		TaskID: t.id, State: v1.TASK_KILLED, Message: fmt.Sprintf("stopped by %s, before anything was started", t.killed.By),
		Reason: v1.REASON_TASK_KILLED_DURING_LAUNCH.Enum(),
	}
}

// unfit is the last update of a task that no pod can be made of.
func unfit(id string, err error) mesos.Update {
	return mesos.Update{
		TaskID: id, State: v1.TASK_FAILED, Message: words(err),
		Reason: v1.REASON_CONTAINER_LAUNCH_FAILED.Enum(),
	}
}
