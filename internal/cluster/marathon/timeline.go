package marathon

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"dce/internal/cluster"
)

// timeline is the file in which an executor writes what happens to its pod.
const timeline = "dce-events.jsonl"

// lookLimit bounds looking into one sandbox: an agent that is out of reach must
// not slow down the following of the others.
const lookLimit = 2 * time.Second

// Progress tells how far a pod is that Marathon only knows to be launched: its
// executor writes a timeline into the sandbox. It is empty where that cannot be
// read.
func (s *Sandboxes) Progress(ctx context.Context, t Task) (cluster.InstanceState, string) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	box, err := s.Find(ctx, t.SlaveID, t.ID)
	if err != nil {
		return "", ""
	}
	end, err := box.End(ctx, timeline)
	if err != nil {
		return "", ""
	}
	return progressOf(end)
}

// progressOf reads the end of a timeline. What it holds comes from a job: only
// known words are passed on.
func progressOf(end []byte) (cluster.InstanceState, string) {
	lines := bytes.Split(bytes.TrimSpace(end), []byte("\n"))
	var last struct {
		State   string `json:"state"`
		Service string `json:"service"`
		Detail  string `json:"detail"`
	}
	if json.Unmarshal(lines[len(lines)-1], &last) != nil {
		return "", ""
	}
	switch last.State {
	case "staging":
		return cluster.Pulling, ""
	case "starting":
		if last.Service != "" && last.Detail != "" {
			return cluster.Starting, last.Service + " " + last.Detail
		}
		return cluster.Starting, ""
	case "aborting", "stopping":
		return cluster.Ending, ""
	}
	return "", ""
}
