package agent

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// subscribe gives the event stream for a SUBSCRIBE that was found valid. The caller holds mu.
func (a *Agent) subscribe(e *runningExecutor, call *executor.Call_Subscribe) *stream {
	s := newStream()
	if e.framework.terminating || e.state == terminating || e.state == terminated {
		s.send(&executor.Event{Type: executor.Event_SHUTDOWN})
		s.end(true)

		return s
	}
	e.disconnect(true) // "Closing already existing HTTP connection"
	e.stream = s
	e.forget()
	e.state = running
	a.drop(e, call.UnacknowledgedTasks)
	if e.everSent && !e.live() && allDropped(e) {
		a.shutdown(e) // as recorded: SHUTDOWN is all it gets, no SUBSCRIBED

		return s
	}

	e.send(a.subscribedEvent(e))
	for _, u := range call.UnacknowledgedUpdates {
		a.handleUpdate(e, u.Status)
	}
	e.deliver()
	a.heartbeat(e, s)

	return s
}

// drop gives up tasks that were sent but that the executor does not name: they were lost on the way.
func (a *Agent) drop(e *runningExecutor, known []mesos.TaskInfo) {
	named := map[string]bool{}
	for _, t := range known {
		named[t.TaskID.Value] = true
	}
	for _, t := range e.all() {
		if t.state == mesos.TASK_STAGING && e.sent(t) && !named[t.info.TaskID.Value] {
			a.agentUpdate(e, t, e.framework.partitionAware(mesos.TASK_DROPPED), mesos.REASON_AGENT_RESTARTED, "Task launched during agent restart")
		}
	}
}

// sent tells whether a task was given to the executor, not only queued for it.
func (e *runningExecutor) sent(t *runningTask) bool {
	for _, d := range e.queued {
		if slices.Contains(d.tasks, t) {
			return false
		}
	}

	return true
}

// allDropped tells whether no task of the executor ever got further than being sent.
func allDropped(e *runningExecutor) bool {
	if len(e.queued) > 0 {
		return false
	}
	for _, t := range append(e.all(), e.completed...) {
		if t.state != mesos.TASK_DROPPED && t.state != mesos.TASK_LOST {
			return false
		}
	}

	return true
}

func (a *Agent) subscribedEvent(e *runningExecutor) *executor.Event {
	return &executor.Event{
		Type: executor.Event_SUBSCRIBED,
		Subscribed: &executor.Event_Subscribed{
			ExecutorInfo:  e.info,
			FrameworkInfo: e.framework.info,
			AgentInfo:     a.Info(),
			ContainerID:   &mesos.ContainerID{Value: e.box.id},
		},
	}
}

// heartbeat sends HEARTBEAT events for as long as the stream is the executor's. The caller holds mu.
func (a *Agent) heartbeat(e *runningExecutor, s *stream) {
	forget := a.after(a.opts.Heartbeat, func() {
		if e.stream == s {
			s.send(&executor.Event{Type: executor.Event_HEARTBEAT})
			a.heartbeat(e, s)
		}
	})
	s.onEnd(forget)
}
