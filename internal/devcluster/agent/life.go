package agent

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// start runs the container of a new executor until it is gone. The caller holds mu.
func (a *Agent) start(e *runningExecutor) {
	e.box = a.newContainer(e)
	timeout := a.opts.RegistrationTimeout
	e.forget = a.after(timeout, func() {
		if e.state == registering {
			a.terminate(e, termination{
				mesos.TASK_FAILED, mesos.REASON_EXECUTOR_REGISTRATION_TIMEOUT,
				"Executor did not register within " + formatDuration(timeout),
			})
		}
	})

	box := e.box
	a.wg.Go(func() {
		defer close(box.gone)
		status, err := box.run(a.ctx)
		a.mu.Lock()
		defer a.mu.Unlock()
		if err != nil {
			a.log.Warn("launching executor", "executor", e.id(), "err", err)
			setDefault(&e.pending, &termination{
				mesos.TASK_FAILED, mesos.REASON_CONTAINER_LAUNCH_FAILED, "Failed to launch container: " + err.Error(),
			})
		}
		a.ended(e, status)
	})
}

// terminate kills an executor, and says why when it is gone. The caller holds mu.
func (a *Agent) terminate(e *runningExecutor, t termination) {
	e.state = terminating
	e.pending = &t
	e.box.destroy()
}

// ended tells the scheduler of an executor that is gone, and of its tasks. The caller holds mu.
func (a *Agent) ended(e *runningExecutor, status int) {
	e.forget()
	e.disconnect(true)
	wasForgotten := e.state == terminated
	e.state = terminated
	if wasForgotten {
		return // the master gave it up: an agent without checkpoint restarted
	}
	a.log.Info("executor terminated", "executor", e.id(), "status", status)
	if e.framework.terminating {
		a.removeExecutor(e)

		return
	}

	if l := e.box.limitation(); l != nil {
		setDefault(&e.pending, l)
	}
	setDefault(&e.pending, &termination{mesos.TASK_FAILED, mesos.REASON_EXECUTOR_TERMINATED, "Executor terminated"})
	a.publish(Event{FrameworkID: e.framework.id(), Failure: &Failure{ExecutorID: e.id(), Status: status}})
	for _, d := range e.queued {
		e.tasks = append(e.tasks, d.tasks...)
	}
	e.queued = nil
	for _, t := range e.all() {
		if !terminal(t.state) {
			a.agentUpdate(e, t, e.pending.state, e.pending.reason, e.pending.message)
		}
	}
	a.forgetExecutor(e)
}

// forgetExecutor drops an executor that is gone when the scheduler knows the end of all its tasks.
func (a *Agent) forgetExecutor(e *runningExecutor) {
	if e.state == terminated && len(e.tasks) == 0 {
		a.removeExecutor(e)
	}
}

func (a *Agent) removeExecutor(e *runningExecutor) {
	f := e.framework
	if f.executors[e.id()] != e {
		return
	}
	delete(f.executors, e.id())
	f.completed = lastFew(append(f.completed, e))
}

func (a *Agent) graceOf(e *runningExecutor) time.Duration {
	if p := e.info.ShutdownGracePeriod; p != nil {
		return time.Duration(p.Nanoseconds)
	}

	return a.opts.ShutdownGrace
}
