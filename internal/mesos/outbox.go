package mesos

import (
	"sync"

	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// outbox is the queue and what else callers, sender and reader of a session
// share, under one lock. changed is closed and made anew with every change.
type outbox struct {
	mu       sync.Mutex
	queue    queue
	shutdown bool
	lost     error
	// there says that the agent of this connection is subscribed with.
	there bool
	// killing says that the framework knows TASK_KILLING.
	killing bool
	changed chan struct{}
}

func newOutbox() *outbox {
	return &outbox{queue: newQueue(), changed: make(chan struct{})}
}

// change runs f under the lock and wakes all who wait.
func (o *outbox) change(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *outbox) add(status v1.TaskStatus) (err error) {
	o.change(func() {
		switch {
		case o.lost != nil:
			err = o.lost
		case status.GetState() == v1.TASK_KILLING && !o.killing:
		default:
			err = o.queue.add(status)
		}
	})
	return err
}

// next is the first unsent update, or a channel that is closed when there may
// be one.
func (o *outbox) next() (status v1.TaskStatus, ok bool, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	status, ok = o.queue.next()
	return status, ok, o.changed
}

func (o *outbox) sent(uuid []byte)    { o.change(func() { o.queue.sent(uuid) }) }
func (o *outbox) refused(uuid []byte) { o.change(func() { o.queue.refused(uuid) }) }

// rewind notes that the connection has ended.
func (o *outbox) rewind() {
	o.change(func() {
		o.there = false
		o.queue.rewind()
	})
}

func (o *outbox) acknowledged(uuid []byte) (known bool) {
	o.change(func() { known = o.queue.acknowledged(uuid) })
	return known
}

// launched takes a task to keep, false for one that runs already.
func (o *outbox) launched(task v1.TaskInfo) (fresh bool) {
	o.change(func() { fresh = o.queue.launched(task) })
	return fresh
}

func (o *outbox) subscribe() *executor.Call_Subscribe {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue.subscribe()
}

func (o *outbox) subscribed(call *executor.Call_Subscribe, framework v1.FrameworkInfo) {
	o.change(func() {
		o.there = true
		o.queue.carried(call)
		o.killing = capable(framework, v1.FrameworkInfo_Capability_TASK_KILLING_STATE)
	})
}

// shutDown reports whether this is the first SHUTDOWN.
func (o *outbox) shutDown() (first bool) {
	o.change(func() { first, o.shutdown = !o.shutdown, true })
	return first
}

func (o *outbox) isShutDown() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.shutdown
}

func (o *outbox) lose(err error) { o.change(func() { o.lost = err }) }

func (o *outbox) pending() (n int, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.queue.updates), o.changed
}

// news is where the updates stand.
type news struct {
	done bool // nothing is left to wait for
	// away: the agent is looked for. After a SHUTDOWN it is not waited for.
	away    bool
	lost    error           // why nothing more will be delivered
	changed <-chan struct{} // closed when any of it may have changed
}

func (o *outbox) news() news {
	o.mu.Lock()
	defer o.mu.Unlock()
	return news{done: o.queue.delivered(o.shutdown), away: !o.there && !o.shutdown, lost: o.lost, changed: o.changed}
}
