// Package task reads and writes the facts of a task as a file: dce-task.json
// from a sandbox, or a bare Mesos TaskInfo as JSON or protobuf; and makes up
// valid example facts where none are given. It is how `render --task`,
// `up --local --task` and the executor come to the same render.Task.
package task

import "dce/internal/render"

// File is dce-task.json: everything a rendering depends on beside the compose
// files, so that a pod can be rendered and run again anywhere.
type File struct {
	SchemaVersion int             `json:"schema_version"`
	Task          render.Task     `json:"task"`
	Settings      render.Settings `json:"settings"`
}
