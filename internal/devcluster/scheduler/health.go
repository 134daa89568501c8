package scheduler

import (
	"time"
)

// Probe is a check that somebody must run for the scheduler, time and again.
type Probe struct {
	InstanceID string
	TaskID     string
	Check      int  // index of the health check
	Readiness  bool // it is the app's readiness check instead
	Protocol   string
	Path       string // of HTTP and HTTPS, with its query
	Host       string
	Port       int
	Accept     []int // status codes that are good; nil means 200 to 399
	Interval   time.Duration
	Timeout    time.Duration
}

// Probes are the checks to run now: of what runs, and is not on its way out.
func (s *Scheduler) Probes() []Probe {
	var probes []Probe
	for _, i := range s.instances {
		if i.Condition != Running || !i.killed.IsZero() {
			continue
		}
		for n, h := range i.App.HealthChecks {
			if !isMesosProtocol(h.Protocol) {
				probes = append(probes, s.healthProbe(i, n, h))
			}
		}
		if !i.Ready {
			probes = append(probes, s.readinessProbe(i, i.App.ReadinessChecks[0]))
		}
	}

	return probes
}

func (s *Scheduler) healthProbe(i *Instance, n int, h HealthCheck) Probe {
	p := Probe{
		InstanceID: i.ID, TaskID: i.TaskID(), Check: n, Protocol: h.Protocol, Path: h.Path, Host: s.opts.Agent.IP,
		Interval: seconds(*h.IntervalSeconds), Timeout: seconds(*h.TimeoutSeconds),
	}
	if h.Port != nil {
		p.Port = *h.Port
	} else {
		p.Port = i.Ports[*h.PortIndex]
	}

	return p
}

func (s *Scheduler) readinessProbe(i *Instance, r ReadinessCheck) Probe {
	p := Probe{
		InstanceID: i.ID, TaskID: i.TaskID(), Readiness: true, Protocol: r.Protocol, Path: r.Path, Host: s.opts.Agent.IP,
		Accept: r.HTTPStatusCodesForReady, Interval: seconds(*r.IntervalSeconds), Timeout: seconds(*r.TimeoutSeconds),
	}
	for n, d := range i.App.PortDefinitions {
		if d.Name == r.PortName {
			p.Port = i.Ports[n]
		}
	}

	return p
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// Probed takes the result of a probe: ok, or what was wrong (core/health/impl/HealthCheckActor.scala).
func (s *Scheduler) Probed(now time.Time, p Probe, ok bool, cause string) {
	s.at(now)
	i := s.instance(p.InstanceID)
	if i == nil || i.Condition != Running || i.TaskID() != p.TaskID || !i.killed.IsZero() {
		return
	}
	if p.Readiness {
		i.Ready = i.Ready || ok
		s.settle()

		return
	}
	h, c := i.App.HealthChecks[p.Check], &i.Checks[p.Check]
	if !ok && c.FirstSuccess.IsZero() && s.now.Before(i.StartedAt.Add(seconds(*h.GracePeriodSeconds))) {
		return // not counted
	}
	before := c.told && c.Alive
	c.note(Time{s.now}, ok, cause)
	if !ok {
		s.tell("failed_health_check_event", map[string]any{"appId": i.AppID, "taskId": i.ID, "instanceId": i.ID, "healthCheck": h})
	}
	if !c.told || before != c.Alive {
		c.told = true
		s.tell("health_status_changed_event", map[string]any{"appId": i.AppID, "instanceId": i.ID, "version": i.App.Version, "alive": ok})
		s.tellHealth(i)
	}
	if !ok && *h.MaxConsecutiveFailures > 0 && c.ConsecutiveFailures >= *h.MaxConsecutiveFailures {
		s.killUnhealthy(i, cause)
	}
	s.settle()
}

func (s *Scheduler) killUnhealthy(i *Instance, cause string) {
	s.tell("unhealthy_instance_kill_event", map[string]any{
		"appId": i.AppID, "taskId": i.TaskID(), "instanceId": i.ID, "version": i.App.Version, "reason": cause,
		"host": s.opts.Agent.Host, "slaveId": s.opts.Agent.ID,
	})
	s.kill(i, "Task was killed since health check failed. Reason: "+cause)
}

// tellHealth tells of the health of an instance, once it is known.
func (s *Scheduler) tellHealth(i *Instance) {
	healthy := i.Healthy()
	if healthy == nil || i.told != nil && *i.told == *healthy {
		return
	}
	i.told = healthy
	s.tell("instance_health_changed_event", map[string]any{
		"instanceId": i.ID, "runSpecId": i.AppID, "healthy": *healthy, "runSpecVersion": i.App.Version,
	})
}
