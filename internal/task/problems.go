package task

import (
	"fmt"

	"dce/internal/diag"
)

func tooLarge(name string, size int) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE650", Pos: diag.Pos{File: name},
		Summary: fmt.Sprintf("%s is too large for a task: %d MiB", name, size>>20),
		Detail:  fmt.Sprintf("At most %d MiB are read.", maxBytes>>20),
		Hint:    "name the dce-task.json of a sandbox, or a TaskInfo",
	}
}

func notATask(name string, err error) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE651", Pos: diag.Pos{File: name}, Cause: err,
		Summary: fmt.Sprintf("%s holds no task: %v", name, err),
		Detail:  "A task is a dce-task.json, a Mesos v1 TaskInfo, or a LAUNCH event around one, as JSON or protobuf.",
		Hint:    "take dce-task.json from the task's sandbox",
	}
}

func noTaskID(name string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE651", Pos: diag.Pos{File: name},
		Summary: name + " holds no task: it has no task id",
		Detail:  "A task is a dce-task.json, a Mesos v1 TaskInfo, or a LAUNCH event around one, as JSON or protobuf.",
		Hint:    "take dce-task.json from the task's sandbox",
	}
}

func notOneTask(name string, n int) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE652", Pos: diag.Pos{File: name},
		Summary: fmt.Sprintf("%s holds %d tasks", name, n),
		Detail:  "A pod is one task.",
		Hint:    "take one TaskInfo of the group into a file of its own",
	}
}

func otherSchema(name string, version int) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE653", Pos: diag.Pos{File: name},
		Summary: fmt.Sprintf("%s is of schema version %d, this dce reads %d", name, version, SchemaVersion),
		Detail:  "It was written by another version of dce.",
		Hint:    "use the dce that wrote it: its version is in the labels of the pod (dce.version)",
	}
}
