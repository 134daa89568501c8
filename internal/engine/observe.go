package engine

import (
	"strconv"
	"strings"
	"time"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"

	"dce/internal/pod"
)

// killed is the exit code of a process that SIGKILL ended. At the memory limit
// of the pod the engine sends an oom event for every container of it; victims
// are those that then end with this code (reference/compose.md section 5i).
const killed = 137

// observe turns a look at a container into what a pod needs to know.
func observe(service, name string, i container.InspectResponse) pod.Container {
	c := pod.Container{Service: service, Name: name, State: pod.Created}
	s := i.State
	if s == nil {
		return c
	}
	c.State = containerState(s.Status)
	c.Healthcheck = s.Health != nil && s.Health.Status != container.NoHealthcheck
	if c.Healthcheck {
		c.Health = health(string(s.Health.Status))
	}
	c.StartedAt = stamp(s.StartedAt)
	if c.State == pod.Exited {
		c.ExitCode, c.EndedAt = s.ExitCode, stamp(s.FinishedAt)
		c.OOMKilled = s.OOMKilled && s.ExitCode == killed
	}
	return c
}

func containerState(s container.ContainerState) pod.ContainerState {
	switch s {
	case container.StateRunning, container.StatePaused, container.StateRestarting:
		return pod.Up
	case container.StateExited, container.StateDead:
		return pod.Exited
	case container.StateRemoving:
		return pod.Gone
	default:
		return pod.Created
	}
}

func health(word string) pod.Health {
	switch h := pod.Health(word); h {
	case pod.HealthStarting, pod.Healthy, pod.Unhealthy:
		return h
	default:
		return ""
	}
}

// stamp reads a time of the engine; its zero is year 1, as Go's.
func stamp(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// apply is what a container is after an event: what was known of it, changed by
// what the event says. False for an event that says nothing by itself.
func apply(was pod.Container, m events.Message) (pod.Container, bool) {
	at := time.Unix(0, m.TimeNano)
	if m.TimeNano == 0 {
		at = time.Unix(m.Time, 0)
	}
	c := was
	c.Service, c.Name = m.Actor.Attributes[api.ServiceLabel], m.Actor.Attributes["name"]
	action, word, _ := strings.Cut(string(m.Action), ": ")
	switch events.Action(action) {
	case events.ActionStart:
		c = pod.Container{Service: c.Service, Name: c.Name, State: pod.Up, StartedAt: at, Healthcheck: was.Healthcheck}
		if c.Healthcheck {
			c.Health = pod.HealthStarting
		}
	case events.ActionDie:
		c.State, c.EndedAt = pod.Exited, at
		c.ExitCode, _ = strconv.Atoi(m.Actor.Attributes["exitCode"])
	case events.ActionHealthStatus:
		c.Health, c.Healthcheck = health(word), true
	case events.ActionDestroy:
		c.State = pod.Gone
	default:
		return was, false
	}
	return c, true
}
