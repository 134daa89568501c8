package diag

// taskFileCodes are those of 6xx that reading a task's facts gives: from 650 on.
func taskFileCodes() []Entry {
	return []Entry{
		{
			Code: "DCE650", Title: "task file too large", Exit: ExitInvalid,
			Text: "The file given with --task is larger than any task: at most 8 MiB are read. Name the dce-task.json of a sandbox, or a file that holds one TaskInfo.",
		},
		{
			Code: "DCE651", Title: "not a task", Exit: ExitInvalid,
			Text: "The file given with --task cannot be read as a task. It may be a dce-task.json, which an executor writes into its sandbox, a Mesos v1 TaskInfo as JSON or protobuf, or the executor's LAUNCH event around one. What it is is told by its content, not by its name. A TaskInfo needs a task_id.",
		},
		{
			Code: "DCE652", Title: "several tasks", Exit: ExitInvalid,
			Text: "The file given with --task is the launch of a group of tasks, or of none. A pod is one task: take one TaskInfo of the group into a file of its own.",
		},
		{
			Code: "DCE653", Title: "task file of another version", Exit: ExitInvalid,
			Text: "A dce-task.json names the version of its form in schema_version, and this dce reads another one. Use the dce that wrote the file; the label dce.version of the pod's containers names it.",
		},
	}
}
