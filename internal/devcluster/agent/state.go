package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Executor is what the agent knows of an executor that runs, for /state and for who attaches to it.
type Executor struct {
	ID          string
	FrameworkID string
	ContainerID string
	Directory   string   // the sandbox
	State       string   // REGISTERING, RUNNING, TERMINATING or TERMINATED
	Pid         int      // the leader of its session; 0 before it was started
	Environment []string // name=value, sorted; holds the token of an agent with authentication
	Tasks       map[string]mesos.TaskState
}

// Executor finds an executor; also one that is gone, if the agent remembers it.
func (a *Agent) Executor(frameworkID, executorID string) (Executor, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, err := a.find(frameworkID, executorID)
	if err != nil {
		if e = a.lastCompleted(frameworkID, executorID); e == nil {
			return Executor{}, err
		}
	}
	known := Executor{
		ID: e.id(), FrameworkID: frameworkID, ContainerID: e.box.id, Directory: e.box.dir,
		State: e.state.String(), Pid: e.box.pid(), Environment: slices.Clone(e.box.env), Tasks: map[string]mesos.TaskState{},
	}
	for _, t := range append(slices.Clone(e.completed), e.all()...) {
		known.Tasks[t.info.TaskID.Value] = t.state
	}

	return known, nil
}

func (a *Agent) lastCompleted(frameworkID, executorID string) *runningExecutor {
	f := a.frameworks[frameworkID]
	if f == nil {
		return nil
	}
	for _, e := range slices.Backward(f.completed) {
		if e.id() == executorID {
			return e
		}
	}

	return nil
}

// Exited ends an executor of an agent with Options.Attach with a raw wait status (exit code << 8, or a signal).
func (a *Agent) Exited(frameworkID, executorID string, status int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, err := a.find(frameworkID, executorID)
	if err != nil {
		return err
	}
	select {
	case e.box.exits <- status:
	default: // it has one
	}

	return nil
}

// The shapes of /state, as far as logs and tools need them.
type (
	agentState struct {
		ID         string           `json:"id"`
		PID        string           `json:"pid"`
		Hostname   string           `json:"hostname"`
		Version    string           `json:"version"`
		StartTime  float64          `json:"start_time"`
		Resources  map[string]any   `json:"resources"`
		Flags      map[string]any   `json:"flags"`
		Frameworks []frameworkState `json:"frameworks"`
	}
	frameworkState struct {
		ID         string           `json:"id"`
		Name       string           `json:"name"`
		User       string           `json:"user"`
		Checkpoint bool             `json:"checkpoint"`
		Executors  []executorReport `json:"executors"`
		Completed  []executorReport `json:"completed_executors"`
	}
	executorReport struct {
		ID        string         `json:"id"`
		Name      string         `json:"name"`
		Source    string         `json:"source"`
		Container string         `json:"container"`
		Directory string         `json:"directory"`
		Resources map[string]any `json:"resources"`
		Tasks     []taskState    `json:"tasks"`
		Queued    []taskState    `json:"queued_tasks"`
		Completed []taskState    `json:"completed_tasks"`
	}
	taskState struct {
		ID          string         `json:"id"`
		Name        string         `json:"name"`
		FrameworkID string         `json:"framework_id"`
		ExecutorID  string         `json:"executor_id"`
		SlaveID     string         `json:"slave_id"`
		State       string         `json:"state"`
		Resources   map[string]any `json:"resources"`
	}
)

func (a *Agent) handleState(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	state := agentState{
		ID: a.opts.AgentID, PID: a.PID(), Hostname: a.opts.Hostname, Version: "1.12.0",
		StartTime:  float64(a.started.UnixMicro()) / 1e6,
		Resources:  resourceState(a.opts.Resources),
		Flags:      map[string]any{"work_dir": a.opts.WorkDir, "cgroups_root": a.opts.CgroupsRoot, "port": a.port},
		Frameworks: []frameworkState{},
	}
	for _, f := range a.frameworks {
		state.Frameworks = append(state.Frameworks, a.frameworkState(f))
	}
	a.mu.Unlock()
	slices.SortFunc(state.Frameworks, func(x, y frameworkState) int { return strings.Compare(x.ID, y.ID) })
	writeJSON(w, r, mustJSON(state))
}

func (a *Agent) frameworkState(f *framework) frameworkState {
	state := frameworkState{
		ID: f.id(), Name: f.info.Name, User: f.info.User, Checkpoint: f.checkpoints(),
		Executors: []executorReport{}, Completed: []executorReport{},
	}
	for _, e := range f.executors {
		state.Executors = append(state.Executors, a.executorState(e))
	}
	slices.SortFunc(state.Executors, func(x, y executorReport) int { return strings.Compare(x.ID, y.ID) })
	for _, e := range f.completed {
		state.Completed = append(state.Completed, a.executorState(e))
	}

	return state
}

func (a *Agent) executorState(e *runningExecutor) executorReport {
	state := executorReport{
		ID: e.id(), Name: e.info.GetName(), Source: e.info.GetSource(), Container: e.box.id, Directory: e.box.dir,
		Resources: resourceState(e.info.Resources),
		Tasks:     a.taskStates(e, e.tasks), Queued: []taskState{}, Completed: a.taskStates(e, e.completed),
	}
	for _, d := range e.queued {
		state.Queued = append(state.Queued, a.taskStates(e, d.tasks)...)
	}

	return state
}

func (a *Agent) taskStates(e *runningExecutor, tasks []*runningTask) []taskState {
	states := []taskState{}
	for _, t := range tasks {
		states = append(states, taskState{
			ID: t.info.TaskID.Value, Name: t.info.Name, FrameworkID: e.framework.id(), ExecutorID: e.id(),
			SlaveID: a.opts.AgentID, State: t.state.String(), Resources: resourceState(t.info.Resources),
		})
	}

	return states
}

// resourceState writes resources as /state does: scalars summed by name, ranges as text.
func resourceState(resources []mesos.Resource) map[string]any {
	state := map[string]any{"cpus": 0.0, "mem": 0.0, "disk": 0.0, "gpus": 0.0}
	for _, r := range resources {
		switch {
		case r.Scalar != nil:
			sum, _ := state[r.Name].(float64)
			state[r.Name] = sum + r.Scalar.Value
		case r.Ranges != nil:
			before, _ := state[r.Name].(string)
			state[r.Name] = joinRanges(before, r.Ranges.Range)
		}
	}

	return state
}

func joinRanges(before string, ranges []mesos.Value_Range) string {
	var parts []string
	if inner := strings.Trim(before, "[]"); inner != "" {
		parts = append(parts, inner)
	}
	for _, r := range ranges {
		parts = append(parts, fmt.Sprintf("%d-%d", r.Begin, r.End))
	}

	return "[" + strings.Join(parts, ", ") + "]"
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // a bug: the types above hold nothing that JSON cannot
	}

	return data
}

// writeJSON answers with JSON, or with JSONP when the query names a function.
func writeJSON(w http.ResponseWriter, r *http.Request, body []byte) {
	contentType := typeJSON
	if f := r.URL.Query().Get("jsonp"); f != "" {
		if !regexp.MustCompile(`^[A-Za-z_$][\w$.]*$`).MatchString(f) {
			respond(w, answer{http.StatusBadRequest, "Invalid jsonp parameter.\n"})

			return
		}
		body = append(append([]byte(f+"("), body...), ");"...)
		contentType = "text/javascript"
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body) // the peer is gone or reads it
}
