package supervisor

import (
	"cmp"
	"strconv"
	"time"

	"dce/internal/pod"
)

// Line is one line of a pod's timeline, dce-events.jsonl: what happened and
// where the pod stands since. A line is written for every event that changed
// the pod, as it happens; the file ends with the event "removed".
type Line struct {
	// Time is when the event reached dce, RFC 3339 with nanoseconds, UTC.
	Time time.Time `json:"time"`
	// State is where the pod stands after the event.
	State pod.State `json:"state"`
	// Event is what happened: launch, prepared, started, container, listed, kill,
	// unfit, engine_lost, engine_back, timed_out, stopped or removed.
	Event string `json:"event"`
	// Container and Service are whose event it is, if it is one of a container.
	Container string `json:"container,omitempty"`
	Service   string `json:"service,omitempty"`
	// Detail is the container's state ("running", "running, healthy", "exited 3"),
	// the timer's name, or who asked for the end.
	Detail string `json:"detail,omitempty"`
	// Reason is why the pod ends, in words, from the moment that it is known.
	Reason string `json:"reason,omitempty"`
	// Cause is the same as one word of pod.Cause.
	Cause pod.Cause `json:"cause,omitempty"`
	// Err is what went wrong in the work that has ended with this event.
	Err string `json:"err,omitempty"`
}

// lineOf is the timeline's line for an event, and whether it changed anything.
func lineOf(was, is pod.Pod, e pod.Event, now time.Time) (Line, bool) {
	l := Line{Time: now.UTC(), State: is.State}
	if is.Reason.Cause != pod.CauseNone {
		l.Reason, l.Cause = is.Reason.String(), is.Reason.Cause
	}
	changed := was.State != is.State
	switch e := e.(type) {
	case pod.Launch:
		l.Event = "launch"
	case pod.Prepared:
		l.Event, l.Err, changed = "prepared", e.Err, true
	case pod.Started:
		l.Event, l.Err, changed = "started", e.Err, true
	case pod.Observed:
		c := e.Container
		l.Event, l.Container, l.Service, l.Detail = "container", c.Name, c.Service, describe(c)
		changed = changed || was.Containers[c.Name] != is.Containers[c.Name]
	case pod.Listed:
		l.Event = "listed"
	case pod.Kill:
		l.Event, l.Detail, changed = "kill", cmp.Or(e.By, "unknown"), true
	case pod.Unfit:
		l.Event, l.Err = "unfit", e.Message
	case pod.EngineLost:
		l.Event, l.Err, changed = "engine_lost", e.Err, was.EngineLost != is.EngineLost
	case pod.EngineBack:
		l.Event, changed = "engine_back", was.EngineLost != is.EngineLost
	case pod.TimedOut:
		l.Event, l.Detail = "timed_out", string(e.Timer)
	case pod.Stopped:
		l.Event, l.Err, changed = "stopped", e.Err, true
	case pod.Removed:
		l.Event, l.Err, changed = "removed", e.Err, true
	}
	return l, changed
}

func describe(c pod.Container) string {
	text := string(c.State)
	switch c.State {
	case pod.Exited:
		text += " " + strconv.Itoa(c.ExitCode)
		if c.OOMKilled {
			text += ", out of memory"
		}
	case pod.Up:
		if c.Health != "" {
			text += ", " + string(c.Health)
		}
	default:
	}
	return text
}
