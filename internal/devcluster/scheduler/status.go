package scheduler

import (
	"slices"
	"strings"
	"time"
)

// TaskStatus is an update of a task, as Mesos sends it.
type TaskStatus struct {
	TaskID  string
	State   string // TASK_RUNNING ...
	Message string
	Healthy *bool
	IPs     []string
}

// TaskFailure is the last failure of an app, as Marathon's API shows it.
type TaskFailure struct {
	AppID     string `json:"appId"`
	Host      string `json:"host"`
	Message   string `json:"message"`
	State     string `json:"state"`
	TaskID    string `json:"taskId"`
	Timestamp Time   `json:"timestamp"`
	Version   Time   `json:"version"`
	SlaveID   string `json:"slaveId"`
}

// maxMessage is how much of a message is kept, in characters (MarathonScheduler.scala).
const maxMessage = 10_000

// Status takes an update of a task.
func (s *Scheduler) Status(now time.Time, u TaskStatus) {
	s.at(now)
	i := s.instance(instanceOf(u.TaskID))
	if i == nil || !i.Launched() || i.TaskID() != u.TaskID {
		if !ended(u.State) {
			s.effects = append(s.effects, Kill{TaskID: u.TaskID}) // nobody wants it
		} else {
			s.tell("unknown_instance_terminated_event", map[string]any{
				"instanceId": instanceOf(u.TaskID), "runSpecId": AppOfTask(u.TaskID), "condition": condition(u.State),
			})
		}

		return
	}
	if text := []rune(u.Message); len(text) > maxMessage {
		u.Message = string(text[:maxMessage])
	}
	if ended(u.State) {
		s.end(i, u)
	} else if s.live(i, u) {
		s.tellStatus(i, u)
		s.tellChanged(i)
		s.tellHealth(i)
	}
	s.settle()
}

// ended says that a task of this state is no more.
func ended(state string) bool {
	return !slices.Contains([]string{"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_UNREACHABLE"}, state)
}

// condition is TASK_RUNNING as Running.
func condition(state string) string {
	name := strings.ToLower(strings.TrimPrefix(state, "TASK_"))
	if name == "" {
		return "Unknown"
	}

	return strings.ToUpper(name[:1]) + name[1:]
}

// live takes an update of a task that lives, and says whether it says anything new (core/task/Task.scala).
func (s *Scheduler) live(i *Instance, u TaskStatus) bool {
	becomes := condition(u.State)
	isNew := becomes != i.Condition
	if i.Condition != becomes && becomes == Running && i.StartedAt.IsZero() {
		i.StartedAt = Time{s.now}
	}
	i.Condition = becomes
	if u.Healthy != nil && (i.Mesos == nil || *i.Mesos != *u.Healthy) {
		i.Mesos, isNew = u.Healthy, true
		s.noteMesosHealth(i)
	}

	return isNew
}

// noteMesosHealth keeps the word of the executor with the check that it runs.
func (s *Scheduler) noteMesosHealth(i *Instance) {
	for n := range i.App.HealthChecks {
		if isMesosProtocol(i.App.HealthChecks[n].Protocol) {
			i.Checks[n].note(Time{s.now}, *i.Mesos, "Mesos health check failed")
		}
	}
}

// note keeps the result of a check.
func (c *Check) note(now Time, ok bool, cause string) {
	c.Alive = ok
	if ok {
		c.LastSuccess, c.ConsecutiveFailures = now, 0
		setDefault(&c.FirstSuccess, now)

		return
	}
	c.LastFailure, c.LastFailureCause = now, cause
	c.ConsecutiveFailures++
}

// end takes the last update of a task: its instance is launched again or goes.
func (s *Scheduler) end(i *Instance, u TaskStatus) {
	gone := *i
	gone.Condition = condition(u.State)
	failed := slices.Contains([]string{
		"TASK_FAILED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE", "TASK_GONE_BY_OPERATOR", "TASK_UNKNOWN",
	}, u.State)
	if i.why != "" && u.Message != "" {
		u.Message = i.why + ": " + u.Message
	} else if i.why != "" {
		u.Message = i.why
	}
	if failed && !i.leaving || i.why != "" {
		s.failures[i.AppID] = s.failure(i, u)
	}
	if !i.leaving && u.State != "TASK_KILLED" {
		s.backOff(i.App)
	}
	s.tellStatus(&gone, u)
	s.tellChanged(&gone)
	s.changed = true
	if i.leaving || s.root.Apps[i.AppID] == nil {
		s.remove(i)

		return
	}
	i.Condition, i.Ports, i.Mesos, i.Checks, i.told, i.why = Scheduled, nil, nil, nil, nil, ""
	i.killed, i.retried = time.Time{}, time.Time{}
	s.enqueue(i.App)
}

func (s *Scheduler) failure(i *Instance, u TaskStatus) *TaskFailure {
	return &TaskFailure{
		AppID: i.AppID, Host: s.opts.Agent.Host, Message: u.Message, State: u.State, TaskID: i.TaskID(),
		Timestamp: Time{s.now}, Version: i.App.Version, SlaveID: s.opts.Agent.ID,
	}
}

func (s *Scheduler) tellStatus(i *Instance, u TaskStatus) {
	addresses := []map[string]string{}
	for _, ip := range u.IPs {
		addresses = append(addresses, map[string]string{"ipAddress": ip, "protocol": "IPv4"})
	}
	s.tell("status_update_event", map[string]any{
		"slaveId": s.opts.Agent.ID, "taskId": i.TaskID(), "taskStatus": u.State, "message": u.Message, "appId": i.AppID,
		"host": s.opts.Agent.Host, "ipAddresses": addresses, "ports": append([]int{}, i.Ports...), "version": i.App.Version,
	})
}

func (s *Scheduler) tellChanged(i *Instance) {
	s.tell("instance_changed_event", map[string]any{
		"instanceId": i.ID, "condition": i.Condition, "runSpecId": i.AppID, "agentId": s.opts.Agent.ID,
		"host": s.opts.Agent.Host, "runSpecVersion": i.App.Version,
	})
}
