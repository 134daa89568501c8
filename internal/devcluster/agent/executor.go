package agent

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// executorState is the agent's view of an executor, by the names of Mesos' source.
type executorState int

const (
	registering executorState = iota // started, or found again after a restart: not subscribed
	running
	terminating // told to shut down
	terminated
)

func (s executorState) String() string {
	return [...]string{"REGISTERING", "RUNNING", "TERMINATING", "TERMINATED"}[s]
}

// runningExecutor is one executor and its tasks. It is guarded by Agent.mu.
type runningExecutor struct {
	info      mesos.ExecutorInfo
	framework *framework
	state     executorState
	box       *container
	stream    *stream
	forget    func() // stops the (re)registration timer

	queued    []delivery // not yet given to the executor
	tasks     []*runningTask
	completed []*runningTask
	pending   *termination // what to say of its tasks when it is gone
	everSent  bool         // a task reached it
}

// delivery is what one LAUNCH or LAUNCH_GROUP brings.
type delivery struct {
	tasks []*runningTask
	group bool
}

// runningTask is a task the scheduler has not yet acknowledged the end of.
type runningTask struct {
	info  mesos.TaskInfo
	state mesos.TaskState
}

// termination is what becomes of the tasks of an executor that is gone.
type termination struct {
	state   mesos.TaskState
	reason  mesos.TaskStatus_Reason
	message string
}

func (e *runningExecutor) id() string { return e.info.ExecutorID.Value }

func (e *runningExecutor) send(event *executor.Event) {
	if e.stream != nil {
		e.stream.send(event)
	}
}

func (e *runningExecutor) disconnect(clean bool) {
	if e.stream != nil {
		e.stream.end(clean)
		e.stream = nil
	}
}

// task finds a task, delivered or queued.
func (e *runningExecutor) task(id string) *runningTask {
	for _, t := range e.all() {
		if t.info.TaskID.Value == id {
			return t
		}
	}

	return nil
}

// all lists the tasks, queued ones last.
func (e *runningExecutor) all() []*runningTask {
	all := slices.Clone(e.tasks)
	for _, d := range e.queued {
		all = append(all, d.tasks...)
	}

	return all
}

// live tells whether any task has not ended.
func (e *runningExecutor) live() bool {
	return slices.ContainsFunc(e.all(), func(t *runningTask) bool { return !terminal(t.state) })
}

// unqueue takes a task out of the queue, and with it the group it came in, which is what Mesos kills.
func (e *runningExecutor) unqueue(id string) []*runningTask {
	for i, d := range e.queued {
		if slices.ContainsFunc(d.tasks, func(t *runningTask) bool { return t.info.TaskID.Value == id }) {
			e.queued = slices.Delete(e.queued, i, i+1)

			return d.tasks
		}
	}

	return nil
}

// deliver gives all queued tasks to the executor.
func (e *runningExecutor) deliver() {
	for _, d := range e.queued {
		e.tasks = append(e.tasks, d.tasks...)
		e.everSent = true
		e.send(launchEvent(d))
	}
	e.queued = nil
}

func launchEvent(d delivery) *executor.Event {
	if !d.group {
		return &executor.Event{Type: executor.Event_LAUNCH, Launch: &executor.Event_Launch{Task: d.tasks[0].info}}
	}
	var infos []mesos.TaskInfo
	for _, t := range d.tasks {
		infos = append(infos, t.info)
	}

	return &executor.Event{
		Type:        executor.Event_LAUNCH_GROUP,
		LaunchGroup: &executor.Event_LaunchGroup{TaskGroup: mesos.TaskGroupInfo{Tasks: infos}},
	}
}

func terminal(s mesos.TaskState) bool {
	switch s {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_ERROR,
		mesos.TASK_LOST, mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return true
	default:
		return false
	}
}

func (f *framework) id() string {
	if f.info.ID == nil {
		return ""
	}

	return f.info.ID.Value
}

func (f *framework) has(c mesos.FrameworkInfo_Capability_Type) bool {
	return slices.ContainsFunc(f.info.Capabilities, func(x mesos.FrameworkInfo_Capability) bool { return x.Type == c })
}

func (f *framework) checkpoints() bool { return f.info.Checkpoint != nil && *f.info.Checkpoint }

// partitionAware gives the state for frameworks with that capability, TASK_LOST to the others.
func (f *framework) partitionAware(s mesos.TaskState) mesos.TaskState {
	if f.has(mesos.FrameworkInfo_Capability_PARTITION_AWARE) {
		return s
	}

	return mesos.TASK_LOST
}
