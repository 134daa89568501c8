package mesos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	step("an acknowledgement before the 202", q.acknowledged("a", []byte("u2")), "true: u1 TASK_STARTING sent")
	q.sent([]byte("u2"))
	step("the 202 after it", "", ": u1 TASK_STARTING sent")
	step("a duplicate acknowledgement", q.acknowledged("a", []byte("u2")), "false: u1 TASK_STARTING sent")
	step("an unknown one", q.acknowledged("z", []byte("zz")), "false: u1 TASK_STARTING sent")
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
	q.acknowledged("a", []byte("u3"))
	q.acknowledged("a", []byte("u5"))
	step("all is acknowledged", q.delivered(false), "true: ")
}

func TestAnOldAcknowledgementDoesNotHideATaskLaunchedAgain(t *testing.T) {
	q := newQueue()
	q.launched(taskInfo("a"))
	_ = q.add(told("a", v1.TASK_FAILED, "u1"))
	q.launched(taskInfo("a"))
	q.acknowledged("a", []byte("u1"))
	if got := content(&q); got != "task a" {
		t.Errorf("got %q: the second task is not known to be acknowledged", got)
	}
}

// faultyAgent takes what arrives and acknowledges it, sometimes late, twice or
// never, as an agent between restarts.
type faultyAgent struct {
	seen map[string]bool
	// received are the uuids in the order of their first arrival.
	received []string
	acks     []v1.TaskStatus
}

func (a *faultyAgent) receive(s v1.TaskStatus) {
	if !a.seen[string(s.UUID)] {
		a.seen[string(s.UUID)] = true
		a.received = append(a.received, string(s.UUID))
	}
	a.acks = append(a.acks, s)
}

// TestTheQueueUnderRandomFaults holds, for random sequences of launches,
// updates, lost calls, lost answers, lost, late and repeated acknowledgements
// and reconnects: the agent first sees the updates in the order they were
// given, sees all of them once the faults end, and none after a task's end.
func TestTheQueueUnderRandomFaults(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 7))
		q, agent := newQueue(), &faultyAgent{seen: map[string]bool{}}
		var given []string
		ended := map[string]bool{}
		for step := range 60 {
			switch r.IntN(8) {
			case 0:
				q.launched(taskInfo(taskName(r)))
			case 1, 2:
				task, uuid := taskName(r), fmt.Sprint(step)
				state := pick(r, v1.TASK_STARTING, v1.TASK_RUNNING, v1.TASK_RUNNING, v1.TASK_FINISHED, v1.TASK_KILLED)
				if q.live[task] {
					ended[task] = false
				}
				err := q.add(told(task, state, uuid))
				if (err == nil) == ended[task] {
					t.Fatalf("seed %d: ended %v, error %v", seed, ended[task], err)
				}
				if err == nil {
					given = append(given, uuid)
					ended[task] = Terminal(state)
				}
			case 3, 4:
				post(&q, agent, r.IntN(4))
			case 5, 6:
				acknowledge(&q, agent, r)
			case 7:
				reconnect(&q, agent, r.IntN(3) == 0)
			}
			if !slices.Equal(agent.received, given[:len(agent.received)]) {
				t.Fatalf("seed %d: the agent saw %v of %v", seed, agent.received, given)
			}
		}
		reconnect(&q, agent, true)
		for len(agent.acks) > 0 {
			acknowledge(&q, agent, r)
		}
		if d := cmp.Diff(given, agent.received); d != "" || !q.delivered(false) {
			t.Fatalf("seed %d: %s, left: %s", seed, d, content(&q))
		}
	}
}

func taskName(r *rand.Rand) string { return pick(r, "a", "b", "c") }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// post sends the next update; the call or its answer may be lost.
func post(q *queue, agent *faultyAgent, fault int) {
	status, ok := q.next()
	if !ok || fault == 0 {
		return
	}
	agent.receive(status)
	if fault != 1 {
		q.sent(status.UUID)
	}
}

// acknowledge delivers an acknowledgement; it stays to be repeated at times.
func acknowledge(q *queue, agent *faultyAgent, r *rand.Rand) {
	if len(agent.acks) == 0 {
		return
	}
	i := r.IntN(len(agent.acks))
	ack := agent.acks[i]
	if r.IntN(3) > 0 {
		agent.acks = slices.Delete(agent.acks, i, i+1)
	}
	q.acknowledged(ack.TaskID.Value, ack.UUID)
}

// reconnect loses what the agent had not acknowledged yet. The SUBSCRIBE that
// follows may be lost too.
func reconnect(q *queue, agent *faultyAgent, arrives bool) {
	q.rewind()
	agent.acks = nil
	if !arrives {
		return
	}
	call := q.subscribe()
	for _, u := range call.UnacknowledgedUpdates {
		agent.receive(u.Status)
	}
	q.carried(call)
}
