package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// ErrNotFound says that the agent has no such framework, executor or task.
var ErrNotFound = errors.New("not found on this agent")

// Launch launches tasks on an executor, which is started when it does not run yet: one LAUNCH event each.
// It fills in what a master and an agent fill in: agent id, framework id, the role of resources, types of variables.
// What goes wrong later is told by updates.
func (a *Agent) Launch(ctx context.Context, f mesos.FrameworkInfo, e mesos.ExecutorInfo, tasks ...mesos.TaskInfo) error {
	var deliveries [][]mesos.TaskInfo
	for _, task := range tasks {
		deliveries = append(deliveries, []mesos.TaskInfo{task})
	}

	return a.launch(ctx, f, e, deliveries, false)
}

// LaunchGroup launches tasks as one group: one LAUNCH_GROUP event.
func (a *Agent) LaunchGroup(ctx context.Context, f mesos.FrameworkInfo, e mesos.ExecutorInfo, tasks ...mesos.TaskInfo) error {
	return a.launch(ctx, f, e, [][]mesos.TaskInfo{tasks}, true)
}

func (a *Agent) launch(ctx context.Context, f mesos.FrameworkInfo, info mesos.ExecutorInfo, deliveries [][]mesos.TaskInfo, group bool) error {
	if f.ID == nil || f.ID.Value == "" {
		return errors.New("launching tasks: FrameworkInfo.id is not set")
	}
	if len(deliveries) == 0 || len(deliveries[0]) == 0 {
		return errors.New("launching tasks: there are none")
	}
	for _, id := range []string{f.ID.Value, info.ExecutorID.Value} {
		if err := checkID(id); err != nil {
			return fmt.Errorf("launching tasks: %w", err)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("launching tasks: %w", err)
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase != phaseRunning || a.stopping {
		return errors.New("launching tasks: the agent is not running")
	}
	fw := a.framework(f)
	if fw.terminating {
		return errors.New("launching tasks: the framework is being torn down")
	}
	role := roleOf(f)
	info = completeExecutor(info, fw.id(), role)
	e, isNew := a.executor(fw, info)
	for _, tasks := range deliveries {
		a.queue(e, tasks, group, role)
	}
	if e.state == running {
		e.deliver()
	}
	if isNew {
		a.start(e)
	}
	e.box.allow(resourcesOf(e))

	return nil
}

// queue takes tasks for an executor, or says that it is going away.
func (a *Agent) queue(e *runningExecutor, tasks []mesos.TaskInfo, group bool, role string) {
	d := delivery{group: group}
	for _, t := range tasks {
		d.tasks = append(d.tasks, &runningTask{info: completeTask(t, e.info, a.opts.AgentID, role), state: mesos.TASK_STAGING})
	}
	if e.state == terminating || e.state == terminated {
		message := "Executor " + strings.ToLower(e.state.String())
		for _, t := range d.tasks {
			a.agentUpdate(e, t, e.framework.partitionAware(mesos.TASK_DROPPED), mesos.REASON_EXECUTOR_TERMINATED, message)
		}

		return
	}
	e.queued = append(e.queued, d)
}

func (a *Agent) framework(info mesos.FrameworkInfo) *framework {
	f := a.frameworks[info.ID.Value]
	if f == nil || f.terminating && len(f.executors) == 0 {
		f = &framework{executors: map[string]*runningExecutor{}}
		a.frameworks[info.ID.Value] = f
	}
	f.info = info

	return f
}

func (a *Agent) executor(f *framework, info mesos.ExecutorInfo) (e *runningExecutor, isNew bool) {
	if e := f.executors[info.ExecutorID.Value]; e != nil {
		return e, false
	}
	e = &runningExecutor{info: info, framework: f, forget: func() {}}
	f.executors[info.ExecutorID.Value] = e

	return e, true
}

// Kill asks an executor to kill a task, with the scheduler's own kill policy if it gave one. The answer is an update:
// the agent's own if the executor never had the task, the master's if the task is unknown or has ended.
func (a *Agent) Kill(frameworkID, taskID string, policy *mesos.KillPolicy) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.frameworks[frameworkID]
	if f == nil {
		return fmt.Errorf("killing task %s: framework %s: %w", taskID, frameworkID, ErrNotFound)
	}
	for _, e := range f.executors {
		if t := e.task(taskID); t != nil && !terminal(t.state) {
			a.kill(e, t, policy)

			return nil
		}
	}
	a.masterUpdate(f, mesos.TaskID{Value: taskID}, nil, f.partitionAware(mesos.TASK_GONE),
		mesos.REASON_RECONCILIATION, "Reconciliation: Task is unknown to the agent")

	return nil
}

func (a *Agent) kill(e *runningExecutor, t *runningTask, policy *mesos.KillPolicy) {
	if !slices.Contains(e.tasks, t) {
		a.killQueued(e, t)

		return
	}
	e.send(&executor.Event{Type: executor.Event_KILL, Kill: &executor.Event_Kill{TaskID: t.info.TaskID, KillPolicy: policy}})
}

// killQueued answers for a task that the executor never had, and shuts an executor down that never had any.
func (a *Agent) killQueued(e *runningExecutor, t *runningTask) {
	for _, killed := range e.unqueue(t.info.TaskID.Value) {
		a.agentUpdate(e, killed, mesos.TASK_KILLED, mesos.REASON_TASK_KILLED_DURING_LAUNCH, "Killed before delivery to the executor")
	}
	if !e.everSent && len(e.queued) == 0 {
		a.shutdown(e)
	}
}

// Shutdown asks an executor to shut down; it is killed with all it left behind when its grace period ends.
func (a *Agent) Shutdown(frameworkID, executorID string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, err := a.find(frameworkID, executorID)
	if err != nil {
		return fmt.Errorf("shutting down the executor: %w", err)
	}
	a.shutdown(e)

	return nil
}

// Teardown ends a framework: all its executors are shut down, and their updates go nowhere.
func (a *Agent) Teardown(frameworkID string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.frameworks[frameworkID]
	if f == nil {
		return fmt.Errorf("tearing down: framework %s: %w", frameworkID, ErrNotFound)
	}
	f.terminating = true
	for _, e := range f.executors {
		a.shutdown(e)
	}

	return nil
}

// Message sends data to an executor, as a scheduler's MESSAGE does.
func (a *Agent) Message(frameworkID, executorID string, data []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, err := a.find(frameworkID, executorID)
	if err != nil {
		return fmt.Errorf("sending a message: %w", err)
	}
	e.send(&executor.Event{Type: executor.Event_MESSAGE, Message: &executor.Event_Message{Data: data}})

	return nil
}

func (a *Agent) find(frameworkID, executorID string) (*runningExecutor, error) {
	f := a.frameworks[frameworkID]
	if f == nil || f.executors[executorID] == nil {
		return nil, fmt.Errorf("executor %s of framework %s: %w", executorID, frameworkID, ErrNotFound)
	}

	return f.executors[executorID], nil
}

// shutdown begins the end of an executor. The caller holds mu.
func (a *Agent) shutdown(e *runningExecutor) {
	if e.state == terminating || e.state == terminated {
		return
	}
	e.state = terminating
	e.forget()
	e.send(&executor.Event{Type: executor.Event_SHUTDOWN})
	e.forget = a.after(a.graceOf(e), func() {
		a.log.Info("killing executor", "executor", e.id(), "pid", e.box.pid())
		e.box.destroy()
	})
}

// completeExecutor fills in what a master fills in.
func completeExecutor(e mesos.ExecutorInfo, frameworkID, role string) mesos.ExecutorInfo {
	e.FrameworkID = &mesos.FrameworkID{Value: frameworkID}
	e.Resources = allocate(e.Resources, role)
	if e.Command != nil && e.Command.Environment != nil {
		command := *e.Command
		variables := slices.Clone(command.Environment.Variables)
		for i := range variables {
			setDefault(&variables[i].Type, mesos.Environment_Variable_VALUE.Enum())
		}
		command.Environment = &mesos.Environment{Variables: variables}
		e.Command = &command
	}

	return e
}

func completeTask(t mesos.TaskInfo, e mesos.ExecutorInfo, agentID, role string) mesos.TaskInfo {
	t.Executor = &e
	t.Resources = allocate(t.Resources, role)
	t.AgentID = mesos.AgentID{Value: agentID}

	return t
}

func allocate(resources []mesos.Resource, role string) []mesos.Resource {
	allocated := slices.Clone(resources)
	for i := range allocated {
		if allocated[i].AllocationInfo == nil {
			allocated[i].AllocationInfo = &mesos.Resource_AllocationInfo{Role: &role}
		}
	}

	return allocated
}

func roleOf(f mesos.FrameworkInfo) string {
	switch {
	case len(f.Roles) > 0:
		return f.Roles[0]
	case f.Role != nil:
		return *f.Role
	}

	return "*"
}

// checkID refuses what Mesos refuses in an id that becomes a directory.
func checkID(id string) error {
	if id == "" || id == "." || id == ".." || len(id) > 255 {
		return fmt.Errorf("id %q must be 1 to 255 characters and no directory", id)
	}
	for _, r := range id {
		if r < 0x20 || r == 0x7f || r == '/' || r == '\\' {
			return fmt.Errorf("id %q contains an invalid character", id)
		}
	}

	return nil
}
