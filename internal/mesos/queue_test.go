package mesos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	v1 "github.com/mesos/mesos-go/api/v1/lib"
)

// told is a status whose uuid says what it is.
func told(task string, state v1.TaskState, uuid string) v1.TaskStatus {
	return v1.TaskStatus{TaskID: v1.TaskID{Value: task}, State: state.Enum(), UUID: []byte(uuid)}
}

func taskInfo(id string) v1.TaskInfo { return v1.TaskInfo{Name: id, TaskID: v1.TaskID{Value: id}} }

// content is the queue as SUBSCRIBE would carry it, and what is unsent.
func content(q *queue) string {
	call := q.subscribe()
	var parts []string
	for _, t := range call.UnacknowledgedTasks {
		parts = append(parts, "task "+t.TaskID.Value)
	}
	for i, u := range call.UnacknowledgedUpdates {
		mark := ""
		if q.updates[i].sent {
			mark = " sent"
		}
		parts = append(parts, fmt.Sprintf("%s %s%s", u.Status.UUID, u.Status.GetState(), mark))
	}
	return strings.Join(parts, ", ")
}

func TestTheQueueKeepsWhatIsNotAcknowledged(t *testing.T) {
	q := newQueue()
	step := func(what string, did any, want string) {
		t.Helper()
		if got := fmt.Sprintf("%v: %s", did, content(&q)); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	step("a task is launched", q.launched(taskInfo("a")), "true: task a")
	step("and again", q.launched(taskInfo("a")), "false: task a")
	step("its first update", q.add(told("a", v1.TASK_STARTING, "u1")), "<nil>: task a, u1 TASK_STARTING")
	q.sent([]byte("u1"))
	step("its second", q.add(told("a", v1.TASK_RUNNING, "u2")), "<nil>: task a, u1 TASK_STARTING sent, u2 TASK_RUNNING")
	next, _ := q.next()
	step("next is the first that is unsent", string(next.UUID), "u2: task a, u1 TASK_STARTING sent, u2 TASK_RUNNING")
	step("an acknowledgement before the 202", q.acknowledged([]byte("u2")), "true: u1 TASK_STARTING sent")
	q.sent([]byte("u2"))
	step("the 202 after it", "", ": u1 TASK_STARTING sent")
	step("a duplicate acknowledgement", q.acknowledged([]byte("u2")), "false: u1 TASK_STARTING sent")
	step("an unknown one", q.acknowledged([]byte("zz")), "false: u1 TASK_STARTING sent")
	q.rewind()
	step("the connection ends", q.delivered(true), "false: u1 TASK_STARTING")
	q.carried(q.subscribe())
	step("SUBSCRIBE carries it", q.delivered(true), "true: u1 TASK_STARTING sent")
	step("which is not acknowledged yet", q.delivered(false), "false: u1 TASK_STARTING sent")
	step("the task ends", q.add(told("a", v1.TASK_FAILED, "u3")), "<nil>: u1 TASK_STARTING sent, u3 TASK_FAILED")
	step("and is over", errors.Is(q.add(told("a", v1.TASK_KILLED, "u4")), ErrEnded), "true: u1 TASK_STARTING sent, u3 TASK_FAILED")
	step("its id comes again", q.launched(taskInfo("a")), "true: task a, u1 TASK_STARTING sent, u3 TASK_FAILED")
	step("and may be told of", q.add(told("a", v1.TASK_STARTING, "u5")), "<nil>: task a, u1 TASK_STARTING sent, u3 TASK_FAILED, u5 TASK_STARTING")
	q.refused([]byte("u1"))
	step("an update is refused", "", ": task a, u3 TASK_FAILED, u5 TASK_STARTING")
	q.acknowledged([]byte("u3"))
	q.acknowledged([]byte("u5"))
	step("all is acknowledged", q.delivered(false), "true: ")
}

func TestAnOldAcknowledgementDoesNotHideATaskLaunchedAgain(t *testing.T) {
	q := newQueue()
	q.launched(taskInfo("a"))
	_ = q.add(told("a", v1.TASK_STARTING, "u0"))
	_ = q.add(told("a", v1.TASK_FAILED, "u1"))
	q.launched(taskInfo("a"))
	q.acknowledged([]byte("u0"))
	q.acknowledged([]byte("u1"))
	q.acknowledged([]byte("u1"))
	if got := content(&q); got != "task a" {
		t.Errorf("got %q: the second task is not known to be acknowledged", got)
	}
}

func taskName(r *rand.Rand) string { return pick(r, "a", "b", "c") }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }
