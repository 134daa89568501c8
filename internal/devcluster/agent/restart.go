package agent

import (
	"context"
	"fmt"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/wait"
)

// RestartOptions says how long the parts of a restart take. Zero is as fast as can be.
type RestartOptions struct {
	Down       time.Duration // connections are refused
	NotFound   time.Duration // 404: the paths are not served yet
	Recovering time.Duration // 503
}

// Restart ends the agent as a process ends and brings it up again. Executors of checkpointing frameworks live on and
// must subscribe again within Options.ReregistrationTimeout; those of others are given up at once and killed when the
// agent is back. It returns when the agent runs again.
func (a *Agent) Restart(ctx context.Context, opts RestartOptions) error {
	a.down()
	if !wait.For(ctx, opts.Down) {
		return fmt.Errorf("restarting the agent: %w", ctx.Err())
	}
	if err := a.listen(ctx, phaseRoutes); err != nil {
		return fmt.Errorf("restarting the agent: %w", err)
	}
	for _, step := range []struct {
		length time.Duration
		then   func()
	}{{opts.NotFound, a.recover}, {opts.Recovering, a.recovered}} {
		if !wait.For(ctx, step.length) {
			return fmt.Errorf("restarting the agent: %w", ctx.Err())
		}
		step.then()
	}

	return nil
}

// down closes everything. The master tells frameworks that do not checkpoint that their tasks are lost.
func (a *Agent) down() {
	a.closeServers()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.executors() {
		e.forget()
		if !e.framework.checkpoints() {
			a.giveUp(e)
		}
	}
}

func (a *Agent) giveUp(e *runningExecutor) {
	for _, t := range e.all() {
		delete(a.updates, taskKey{e.framework.id(), t.info.TaskID.Value})
		if !terminal(t.state) {
			t.state = mesos.TASK_LOST
			a.masterUpdate(e.framework, t.info.TaskID, &e.info.ExecutorID, mesos.TASK_LOST,
				mesos.REASON_AGENT_DISCONNECTED, "Agent "+a.opts.Hostname+" disconnected")
		}
	}
	e.queued, e.tasks = nil, nil
	e.state = terminated
}

// recover begins to answer 503, kills the orphans, and finds the other executors again.
func (a *Agent) recover() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.phase = phaseRecovering
	for _, e := range a.executors() {
		switch e.state {
		case terminated:
			e.box.destroy()
			a.removeExecutor(e)
		case terminating:
			e.box.destroy() // Mesos kills at recovery what it had told to shut down
		default:
			e.state = registering
		}
	}
}

// recovered ends the restart: executors have the re-registration timeout from here. Updates that the scheduler has not
// acknowledged are sent again.
func (a *Agent) recovered() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.phase = phaseRunning
	for _, e := range a.executors() {
		if e.state == registering {
			a.expectAgain(e)
		}
	}
	for key, s := range a.updates {
		if f := a.frameworks[key.framework]; f != nil && len(s.pending) > 0 {
			a.sendPending(f, key)
		}
	}
}

func (a *Agent) expectAgain(e *runningExecutor) {
	timeout := a.opts.ReregistrationTimeout
	e.forget = a.after(timeout, func() {
		if e.state == registering {
			a.terminate(e, termination{
				e.framework.partitionAware(mesos.TASK_GONE), mesos.REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
				"Executor did not reregister within " + formatDuration(timeout),
			})
		}
	})
}
