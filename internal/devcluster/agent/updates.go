package agent

import (
	"bytes"
	"context"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// Event is one thing a scheduler sees of this agent. One of Status, Failure and Message is set.
type Event struct {
	FrameworkID string
	Status      *mesos.TaskStatus
	Failure     *Failure
	Message     *Message
}

// Failure tells that an executor is gone.
type Failure struct {
	ExecutorID string
	Status     int // the raw wait status (exit 7 is 1792, SIGKILL is 9); -1 when it never ran
}

// Message is data an executor sent to its scheduler.
type Message struct {
	ExecutorID string
	Data       []byte
}

// taskKey names a task; ids are unique only within a framework.
type taskKey struct{ framework, task string }

// updateStream holds the updates of one task that the scheduler has not acknowledged: the first was sent, the others
// wait for its acknowledgement, as in Mesos' status update manager.
type updateStream struct {
	pending []mesos.TaskStatus
	seen    [][]byte // uuids, so that an update that an executor repeats is not forwarded twice
}

// handleUpdate does with an update of an executor what an agent does. The caller holds mu.
func (a *Agent) handleUpdate(e *runningExecutor, status mesos.TaskStatus) {
	if e.framework.terminating {
		return // no acknowledgement either, as recorded (teardown)
	}
	status.AgentID = &mesos.AgentID{Value: a.opts.AgentID}
	status.ExecutorID = &mesos.ExecutorID{Value: e.id()}
	if status.Timestamp == nil {
		status.Timestamp = now()
	}

	task := e.task(status.TaskID.Value)
	if task == nil {
		a.forward(e.framework, status) // as recorded: forwarded, but never acknowledged to the executor

		return
	}
	a.addContainerStatus(e, &status)
	if !terminal(task.state) {
		task.state = *status.State
		e.box.allow(resourcesOf(e))
	}
	a.forward(e.framework, status)
	e.send(&executor.Event{
		Type:         executor.Event_ACKNOWLEDGED,
		Acknowledged: &executor.Event_Acknowledged{TaskID: status.TaskID, UUID: status.UUID},
	})
}

// addContainerStatus adds what the agent knows of the container: its id, its pid, and its address if the executor gave none.
func (a *Agent) addContainerStatus(e *runningExecutor, status *mesos.TaskStatus) {
	var c mesos.ContainerStatus
	if status.ContainerStatus != nil {
		c = *status.ContainerStatus
	}
	c.ContainerID = &mesos.ContainerID{Value: e.box.id}
	if pid := e.box.pid(); pid > 0 {
		p := uint32(pid) //nolint:gosec // a pid
		c.ExecutorPID = &p
	}
	if len(c.NetworkInfos) == 0 {
		ip := a.ip
		c.NetworkInfos = []mesos.NetworkInfo{{
			IPAddresses: []mesos.NetworkInfo_IPAddress{{Protocol: mesos.IPv4.Enum(), IPAddress: &ip}},
		}}
	}
	status.ContainerStatus = &c
}

// agentUpdate makes an update of the agent's own. The caller holds mu.
func (a *Agent) agentUpdate(e *runningExecutor, t *runningTask, state mesos.TaskState, reason mesos.TaskStatus_Reason, message string) {
	t.state = state
	a.forward(e.framework, mesos.TaskStatus{
		TaskID:     t.info.TaskID,
		State:      &state,
		Message:    &message,
		Source:     mesos.SOURCE_AGENT.Enum(),
		Reason:     &reason,
		AgentID:    &mesos.AgentID{Value: a.opts.AgentID},
		ExecutorID: &mesos.ExecutorID{Value: e.id()},
		Timestamp:  now(),
		UUID:       newUUIDBytes(),
	})
}

// masterUpdate makes an update that the master answers by itself: without uuid, so never acknowledged. The caller holds mu.
func (a *Agent) masterUpdate(f *framework, task mesos.TaskID, executorID *mesos.ExecutorID, state mesos.TaskState, reason mesos.TaskStatus_Reason, message string) {
	a.publish(Event{FrameworkID: f.id(), Status: &mesos.TaskStatus{
		TaskID:     task,
		State:      &state,
		Message:    &message,
		Source:     mesos.SOURCE_MASTER.Enum(),
		Reason:     &reason,
		AgentID:    &mesos.AgentID{Value: a.opts.AgentID},
		ExecutorID: executorID,
		Timestamp:  now(),
	}})
}

// forward queues an update for the scheduler and sends it if none is before it. The caller holds mu.
func (a *Agent) forward(f *framework, status mesos.TaskStatus) {
	key := taskKey{f.id(), status.TaskID.Value}
	s := a.updates[key]
	if s == nil {
		s = &updateStream{}
		a.updates[key] = s
	}
	if slices.ContainsFunc(s.seen, func(uuid []byte) bool { return bytes.Equal(uuid, status.UUID) }) {
		return
	}
	s.seen = append(s.seen, status.UUID)
	s.pending = append(s.pending, status)
	if len(s.pending) == 1 {
		a.sendPending(f, key)
	}
}

// sendPending sends the first unacknowledged update of a task.
func (a *Agent) sendPending(f *framework, key taskKey) {
	s := a.updates[key]
	if s == nil || len(s.pending) == 0 {
		return
	}
	status := s.pending[0]
	a.publish(Event{FrameworkID: key.framework, Status: &status})
	if !a.opts.ManualAcknowledge {
		a.acknowledge(f, key, status.UUID)
	}
}

// Acknowledge is the scheduler's acknowledgement of an update. One that is not expected is ignored, as by Mesos.
// Agents with Options.ManualAcknowledge wait for it before they send the next update of the task.
func (a *Agent) Acknowledge(frameworkID, taskID string, uuid []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.frameworks[frameworkID]; f != nil {
		a.acknowledge(f, taskKey{frameworkID, taskID}, uuid)
	}
}

func (a *Agent) acknowledge(f *framework, key taskKey, uuid []byte) {
	s := a.updates[key]
	if s == nil || len(s.pending) == 0 || !bytes.Equal(s.pending[0].UUID, uuid) {
		return
	}
	done := s.pending[0]
	s.pending = s.pending[1:]
	if terminal(*done.State) {
		delete(a.updates, key) // and with it what was sent after the end
		a.forgetTask(f, key.task)

		return
	}
	a.sendPending(f, key)
}

// forgetTask drops a task whose end the scheduler knows, and its executor if that is gone too.
func (a *Agent) forgetTask(f *framework, task string) {
	for _, e := range f.executors {
		i := slices.IndexFunc(e.tasks, func(t *runningTask) bool { return t.info.TaskID.Value == task })
		if i >= 0 {
			e.completed = lastFew(append(e.completed, e.tasks[i]))
			e.tasks = slices.Delete(e.tasks, i, i+1)
		}
		a.forgetExecutor(e)
	}
}

// publish hands an event to all watchers. The caller holds mu.
func (a *Agent) publish(event Event) {
	for w := range a.watchers {
		w.add(event)
	}
}

func now() *float64 {
	t := float64(time.Now().UnixMicro()) / 1e6

	return &t
}

// lastFew keeps the newest of a history, as many as Mesos keeps of executors of a framework.
func lastFew[T any](list []T) []T {
	const most = 150

	return list[max(0, len(list)-most):]
}

// Watch gives what the scheduler of every framework sees from now on: in order, nothing lost, however slow the reader.
// The channel is closed when ctx or the agent ends.
func (a *Agent) Watch(ctx context.Context) <-chan Event {
	w := &watcher{wake: make(chan struct{}, 1)}
	out := make(chan Event)
	a.mu.Lock()
	a.watchers[w] = struct{}{}
	a.mu.Unlock()

	go func() {
		defer close(out)
		w.run(ctx, a.ctx.Done(), out)
		a.mu.Lock()
		delete(a.watchers, w)
		a.mu.Unlock()
	}()

	return out
}

// watcher is an endless queue between the agent and one reader. It is guarded by Agent.mu on the writer's side only.
type watcher struct {
	queue eventQueue
	wake  chan struct{}
}

func (w *watcher) add(event Event) {
	w.queue.add(event)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run hands events on until ctx ends, or until the agent stopped and all were handed on.
func (w *watcher) run(ctx context.Context, stopped <-chan struct{}, out chan<- Event) {
	for w.hand(ctx, out) {
		select {
		case <-w.wake:
		case <-ctx.Done():
			return
		case <-stopped:
			w.hand(ctx, out)

			return
		}
	}
}

func (w *watcher) hand(ctx context.Context, out chan<- Event) bool {
	for _, event := range w.queue.take() {
		select {
		case out <- event:
		case <-ctx.Done():
			return false
		}
	}

	return true
}
