package task

import (
	"encoding/json"
	"fmt"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"dce/internal/diag"
)

func taskInfoJSON(name string, data []byte) (File, error) {
	var info mesos.TaskInfo
	if err := guarded(func() error { return json.Unmarshal(data, &info) }); err != nil {
		return File{}, diag.Fail(notATask(name, err))
	}
	return fromTaskInfo(name, &info)
}

func launchJSON(name string, data []byte) (File, error) {
	var event executor.Event
	if err := guarded(func() error { return json.Unmarshal(data, &event) }); err != nil {
		return File{}, diag.Fail(notATask(name, err))
	}
	return fromEvent(name, &event)
}

// decodeProtobuf tries the event first: its first field is an enum, a
// TaskInfo's a string, so the bytes of one are never those of the other.
func decodeProtobuf(name string, data []byte) (File, error) {
	var event executor.Event
	if err := guarded(func() error { return event.Unmarshal(data) }); err == nil && launched(&event) != nil {
		return fromEvent(name, &event)
	}
	var info mesos.TaskInfo
	if err := guarded(func() error { return info.Unmarshal(data) }); err != nil {
		return File{}, diag.Fail(notATask(name, err))
	}
	return fromTaskInfo(name, &info)
}

// guarded turns a panic of a generated decoder into an error: the bytes come
// from people who are not trusted.
func guarded(decode func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("malformed: %v", v)
		}
	}()
	return decode()
}

// launched are the tasks of a LAUNCH or LAUNCH_GROUP event, nil for others.
func launched(e *executor.Event) []mesos.TaskInfo {
	if l := e.GetLaunch(); l != nil {
		return []mesos.TaskInfo{l.Task}
	}
	if g := e.GetLaunchGroup(); g != nil {
		return g.TaskGroup.Tasks
	}
	return nil
}

func fromEvent(name string, e *executor.Event) (File, error) {
	tasks := launched(e)
	if len(tasks) != 1 {
		return File{}, diag.Fail(notOneTask(name, len(tasks)))
	}
	return fromTaskInfo(name, &tasks[0])
}

func fromTaskInfo(name string, info *mesos.TaskInfo) (File, error) {
	if info.TaskID.Value == "" {
		return File{}, diag.Fail(noTaskID(name))
	}
	t, err := FromTaskInfo(info)
	if err != nil {
		return File{}, diag.Fail(notATask(name, err))
	}
	return File{SchemaVersion: SchemaVersion, Task: t, TaskInfo: withoutEnvironment(info), Bare: true}, nil
}

// withoutEnvironment is the TaskInfo as JSON for people to read. What its
// environment gives to the pod is in the facts, and secrets are only there.
func withoutEnvironment(info *mesos.TaskInfo) json.RawMessage {
	plain := *info
	plain.Command = commandOnly(info.Command)
	if info.Executor != nil {
		e := *info.Executor
		e.Command = commandOnly(e.Command)
		plain.Executor = &e
	}
	out, err := json.Marshal(&plain)
	if err != nil {
		return nil // it is an extra: the facts do not depend on it
	}
	return out
}

func commandOnly(c *mesos.CommandInfo) *mesos.CommandInfo {
	if c == nil {
		return nil
	}
	plain := *c
	plain.Environment = nil
	return &plain
}
