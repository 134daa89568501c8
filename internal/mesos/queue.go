package mesos

import (
	"bytes"
	"slices"

	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// queue is what the agent has not acknowledged, in the order it was given. It
// is pure: no clock, no lock, no network.
type queue struct {
	tasks   []launched
	updates []pending
	live    map[string]bool
	ended   map[string]bool
	// launches counts the tasks, newest is the number of the last one of an id.
	launches int
	newest   map[string]int
}

// launched is a task that the agent does not know to have arrived.
type launched struct {
	info   v1.TaskInfo
	number int
}

// pending is an update of a task that waits for its acknowledgement. sent says
// that the agent of this connection has it.
type pending struct {
	status v1.TaskStatus
	number int
	sent   bool
}

func newQueue() queue {
	return queue{live: map[string]bool{}, ended: map[string]bool{}, newest: map[string]int{}}
}

// launched keeps a task until its first update is acknowledged. It is false for
// a task that runs already. An id whose task has ended may be used again.
func (q *queue) launched(task v1.TaskInfo) bool {
	id := task.TaskID.Value
	if q.live[id] {
		return false
	}
	delete(q.ended, id)
	q.live[id] = true
	q.launches++
	q.newest[id] = q.launches
	q.tasks = append(q.tasks, launched{task, q.launches})
	return true
}

// add takes an update to be sent, or ErrEnded after the last one of its task.
func (q *queue) add(status v1.TaskStatus) error {
	id := status.TaskID.Value
	if q.ended[id] {
		return ErrEnded
	}
	if Terminal(status.GetState()) {
		q.ended[id] = true
		delete(q.live, id)
	}
	q.updates = append(q.updates, pending{status: status, number: q.newest[id]})
	return nil
}

// acknowledged forgets an update and its task, and reports whether it was known.
// The acknowledgement of any update says that the agent knows the task that it
// is of, and nothing of one that was launched with its id again since.
func (q *queue) acknowledged(uuid []byte) bool {
	i := q.find(uuid)
	if i < 0 {
		return false
	}
	number := q.updates[i].number
	q.tasks = slices.DeleteFunc(q.tasks, func(l launched) bool { return l.number == number })
	q.updates = slices.Delete(q.updates, i, i+1)
	return true
}

// refused forgets an update that the agent will not take.
func (q *queue) refused(uuid []byte) {
	if i := q.find(uuid); i >= 0 {
		q.updates = slices.Delete(q.updates, i, i+1)
	}
}

func (q *queue) find(uuid []byte) int {
	return slices.IndexFunc(q.updates, func(p pending) bool { return bytes.Equal(p.status.UUID, uuid) })
}

// next is the first update that this agent does not have.
func (q *queue) next() (v1.TaskStatus, bool) {
	i := slices.IndexFunc(q.updates, func(p pending) bool { return !p.sent })
	if i < 0 {
		return v1.TaskStatus{}, false
	}
	return q.updates[i].status, true
}

// sent notes that the agent has taken an update. It may be acknowledged, and so
// forgotten, before that.
func (q *queue) sent(uuid []byte) {
	if i := q.find(uuid); i >= 0 {
		q.updates[i].sent = true
	}
}

// rewind notes that the connection has ended: what the agent has is unknown.
func (q *queue) rewind() {
	for i := range q.updates {
		q.updates[i].sent = false
	}
}

// subscribe is what a SUBSCRIBE call carries: everything unacknowledged.
func (q *queue) subscribe() *executor.Call_Subscribe {
	call := &executor.Call_Subscribe{}
	for _, l := range q.tasks {
		call.UnacknowledgedTasks = append(call.UnacknowledgedTasks, l.info)
	}
	for _, p := range q.updates {
		call.UnacknowledgedUpdates = append(call.UnacknowledgedUpdates, executor.Call_Update{Status: p.status})
	}
	return call
}

// carried notes that a SUBSCRIBE call has arrived.
func (q *queue) carried(call *executor.Call_Subscribe) {
	for _, u := range call.UnacknowledgedUpdates {
		q.sent(u.Status.UUID)
	}
}

// delivered reports whether nothing is left to wait for. After SHUTDOWN an
// agent may never acknowledge (mesos-wire: teardown), so having been taken is
// enough then.
func (q *queue) delivered(shutdown bool) bool {
	if !shutdown {
		return len(q.updates) == 0
	}
	_, unsent := q.next()
	return !unsent
}
