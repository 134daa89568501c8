// Package task reads and writes the facts of a task as a file: dce-task.json
// from a sandbox, or a bare Mesos TaskInfo as JSON or protobuf; and makes up
// valid example facts where none are given. It is how `render --task`,
// `up --local --task` and the executor come to the same render.Task. It opens
// no file: bytes in, facts out.
package task

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"dce/internal/diag"
	"dce/internal/render"
)

// SchemaVersion is that of the files that Encode writes. It changes when a
// reader of the old form would misread the new one.
const SchemaVersion = 1

// maxBytes bounds what is decoded. Mesos itself refuses messages above some
// MiB; a TaskInfo with a bundle in a label stays well below.
const maxBytes = 8 << 20

// File is dce-task.json: everything a rendering depends on beside the compose
// files, so that a pod can be rendered and run again anywhere.
type File struct {
	SchemaVersion int             `json:"schema_version"`
	Task          render.Task     `json:"task"`
	Settings      render.Settings `json:"settings"`
	// Withheld are the secret variables that the task had, and whose values are not
	// among its facts. Encode adds those that are.
	Withheld []string `json:"withheld,omitempty"`
	// TaskInfo is what the framework sent, as Mesos writes it in JSON, without
	// the environment. It is for people and tools: Task is what counts.
	TaskInfo json.RawMessage `json:"task_info,omitempty"`
	// Bare says that the facts come from a TaskInfo alone: what only an agent
	// knows (sandbox, container, cgroup) is missing. Complete fills it in.
	Bare bool `json:"-"`
}

// Encode writes dce-task.json. Values of the settings' secret keys are left
// out.
func (f File) Encode() ([]byte, error) {
	f.SchemaVersion = SchemaVersion
	f.Withheld = slices.Compact(slices.Sorted(slices.Values(append(f.held(), f.Withheld...))))
	f.Task.Env, f.Task.AgentEnv = f.withoutSecrets(f.Task.Env), f.withoutSecrets(f.Task.AgentEnv)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("writing dce-task.json: %w", err)
	}
	return b.Bytes(), nil
}

// held are the secrets that the task has as variables.
func (f File) held() []string {
	seen := Interpolation(f.Task, render.Settings{})
	return slices.DeleteFunc(slices.Clone(f.Settings.Secrets), func(name string) bool {
		_, ok := seen[name]
		return !ok
	})
}

func (f File) withoutSecrets(env map[string]string) map[string]string {
	kept := maps.Clone(env)
	maps.DeleteFunc(kept, func(k, _ string) bool { return slices.Contains(f.Settings.Secrets, k) })
	return kept
}

// Decode reads the facts of a task: a dce-task.json, or a Mesos TaskInfo, or
// the executor's LAUNCH event around one, as JSON or protobuf; told apart by
// content. Name is the file's, for diagnostics.
func Decode(name string, data []byte) (File, error) {
	if len(data) > maxBytes {
		return File{}, diag.Fail(tooLarge(name, len(data)))
	}
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] == '{' && json.Valid(text) {
		return decodeJSON(name, text)
	}
	return decodeProtobuf(name, data)
}

func decodeJSON(name string, data []byte) (File, error) {
	var form struct {
		SchemaVersion *int            `json:"schema_version"`
		Type          string          `json:"type"`
		Launch        json.RawMessage `json:"launch"`
		LaunchGroup   json.RawMessage `json:"launch_group"`
	}
	if err := json.Unmarshal(data, &form); err != nil {
		return File{}, diag.Fail(notATask(name, err))
	}
	switch {
	case form.SchemaVersion != nil:
		return decodeFile(name, data, *form.SchemaVersion)
	case form.Launch != nil, form.LaunchGroup != nil, form.Type == "LAUNCH":
		return launchJSON(name, data)
	default:
		return taskInfoJSON(name, data)
	}
}

func decodeFile(name string, data []byte, version int) (File, error) {
	if version != SchemaVersion {
		return File{}, diag.Fail(otherSchema(name, version))
	}
	var f File
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return File{}, diag.Fail(notATask(name, err))
	}
	if f.Task.ID == "" {
		return File{}, diag.Fail(noTaskID(name))
	}
	return f, nil
}
