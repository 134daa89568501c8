package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dce/internal/pod"
)

// Status is report.json of a pod's state directory: where the pod stood when
// its keeper last said so, and why it ended. That of a pod which ended by
// itself stays after it, until the next up or down of the same name.
type Status struct {
	SchemaVersion int       `json:"schema_version"`
	PodID         string    `json:"pod"`
	State         pod.State `json:"state"`
	// Since is when the pod reached the state.
	Since time.Time `json:"since"`
	// Reason is why it ended, in words; Cause the same as one word.
	Reason  string    `json:"reason,omitempty"`
	Cause   pod.Cause `json:"cause,omitempty"`
	Service string    `json:"service,omitempty"`
	// Logs are the last lines of the service that failed, Health is the output of
	// its last healthcheck.
	Logs   []string `json:"logs,omitempty"`
	Health string   `json:"health,omitempty"`
	// Hash is that of the pod's content.
	Hash string `json:"hash,omitempty"`
	// Problems are what preparing or starting it met.
	Problems []problem `json:"problems,omitempty"`
}

func newStatus(id, hash string, p pod.Pod, now time.Time) Status {
	s := Status{SchemaVersion: 1, PodID: id, State: p.State, Since: now.UTC(), Hash: hash}
	if p.Reason.Cause != pod.CauseNone {
		s.Reason, s.Cause, s.Service = p.Reason.String(), p.Reason.Cause, p.Reason.Service
	}
	s.Logs, s.Health = p.Evidence.Logs, p.Evidence.Health
	return s
}

func (s Status) write(dir string) error { return writeJSON(filepath.Join(dir, statusFile), s) }

func readStatus(dir string) (Status, error) {
	var s Status
	err := readJSON(filepath.Join(dir, statusFile), &s)
	return s, err
}

// writeJSON writes a file for its owner's eyes only, whole or not at all.
func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", filepath.Base(path), err)
	}
	return writeFile(path, append(data, '\n'))
}

func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decoding %s: %w", path, err)
	}
	return nil
}
