package scheduler

import (
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Reasons for which an offer does not match, in the order of Marathon's funnel (mesos/NoOfferMatchReason.scala).
const (
	UnfulfilledRole       = "UnfulfilledRole"
	UnfulfilledConstraint = "UnfulfilledConstraint"
	InsufficientCpus      = "InsufficientCpus"
	InsufficientMemory    = "InsufficientMemory"
	InsufficientDisk      = "InsufficientDisk"
	InsufficientPorts     = "InsufficientPorts"
)

// Reasons are all reasons for which an offer may be refused, in their order.
func Reasons() []string {
	return []string{
		UnfulfilledRole, UnfulfilledConstraint, "NoCorrespondingReservationFound", "AgentMaintenance",
		InsufficientCpus, InsufficientMemory, InsufficientDisk, "InsufficientGpus", InsufficientPorts, "DeclinedScarceResources",
	}
}

// offerInterval is how often an agent's resources are offered to an app that they were no use to.
const offerInterval = time.Second

// Queued is an app that has instances to launch.
type Queued struct {
	Since      Time
	Processed  int
	Unused     int
	LastUnused Time
	LastUsed   Time
	LastReason string         // of the last offer; "" if it was used
	Rejected   map[string]int // offers of this launch attempt, by reason

	next time.Time // when it is offered something again
}

// delay is how long an app must wait until it is launched again (core/launchqueue/impl/RateLimiter.scala).
type delay struct {
	since time.Time
	by    time.Duration
	most  time.Duration
}

func (d *delay) deadline() time.Time { return d.since.Add(d.by) }

func delayKey(app *App) string { return app.ID + " " + app.ConfigVersion().String() }

// backOff makes the next launch of an app wait, each time longer.
func (s *Scheduler) backOff(app *App) {
	key, most := delayKey(app), time.Duration(app.MaxLaunchDelaySeconds)*time.Second
	d := s.delays[key]
	if d == nil || s.now.After(d.since.Add(d.most)) {
		d = &delay{by: time.Duration(app.BackoffSeconds) * time.Second}
	} else {
		d = &delay{by: time.Duration(float64(d.by) * app.BackoffFactor)}
	}
	d.since, d.most, d.by = s.now, most, min(d.by, most)
	s.delays[key] = d
}

// ResetDelay lets an app that is queued be launched at once.
func (s *Scheduler) ResetDelay(now time.Time, app string) error {
	s.at(now)
	if s.queue[app] == nil {
		return NotFound("Application %s not found in tasks queue.", app)
	}
	s.forgetDelays(app)
	s.settle()

	return nil
}

func (s *Scheduler) forgetDelays(app string) {
	for key := range s.delays {
		if len(key) > len(app) && key[:len(app)+1] == app+" " {
			delete(s.delays, key)
		}
	}
}

// LaunchDelay is how long an app must still wait before it is launched.
func (s *Scheduler) LaunchDelay(now time.Time, app *App) time.Duration {
	d := s.delays[delayKey(app)]
	if d == nil {
		return 0
	}

	return max(0, d.deadline().Sub(now))
}

// Starve refuses every offer from now on, for this reason; with "" no more.
func (s *Scheduler) Starve(now time.Time, reason string) {
	s.at(now)
	s.starving = reason
	for _, q := range s.queue {
		q.next = time.Time{}
	}
	s.settle()
}

// Queue is what is known of an app that has instances to launch; ok is false if it has none.
func (s *Scheduler) Queue(app string) (count int, q Queued, ok bool) {
	waiting := s.of(app, func(i *Instance) bool { return !i.Launched() })
	known := s.queue[app]
	if len(waiting) == 0 || known == nil {
		return 0, Queued{}, false
	}

	return len(waiting), *known, true
}

func (s *Scheduler) enqueue(app *App) {
	if s.queue[app.ID] == nil {
		s.queue[app.ID] = &Queued{Since: Time{s.now}, Rejected: map[string]int{}}
	}
}

// match launches what waits and fits.
func (s *Scheduler) match() {
	for _, i := range slices.Clone(s.instances) {
		if i.Launched() || s.LaunchDelay(s.now, i.App) > 0 || s.mustWait(i) {
			continue
		}
		s.enqueue(i.App)
		q := s.queue[i.AppID]
		if s.now.Before(q.next) && !s.changed {
			continue
		}
		ports, reason := s.fits(i.App)
		q.Processed++
		q.LastReason = reason
		if reason != "" {
			q.Unused++
			q.Rejected[reason]++
			q.LastUnused, q.next = Time{s.now}, s.now.Add(offerInterval)

			continue
		}
		q.LastUsed = Time{s.now}
		s.launch(i, ports)
	}
	for app := range s.queue {
		if len(s.of(app, func(i *Instance) bool { return !i.Launched() })) == 0 {
			delete(s.queue, app)
		}
	}
}

// mustWait says that an instance must not run beside another of its app that still does.
func (s *Scheduler) mustWait(i *Instance) bool {
	return i.App.Singleton() && len(s.of(i.AppID, (*Instance).Launched)) > 0
}

func (s *Scheduler) launch(i *Instance, ports []int) {
	i.Incarnation++
	i.Condition, i.Ports, i.StagedAt, i.StartedAt = Provisioned, ports, Time{s.now}, Time{}
	i.Mesos, i.killed, i.retried, i.why, i.Ready = nil, time.Time{}, time.Time{}, "", len(i.App.ReadinessChecks) == 0
	i.Checks = make([]Check, len(i.App.HealthChecks))
	s.effects = append(s.effects, Launch{App: i.App, Instance: *i})
	s.tellChanged(i)
}

// queueDeadlines are when what waits may be launched.
func (s *Scheduler) queueDeadlines() []time.Time {
	var deadlines []time.Time
	for _, i := range s.instances {
		if i.Launched() || s.mustWait(i) {
			continue
		}
		at := s.now.Add(s.LaunchDelay(s.now, i.App))
		if q := s.queue[i.AppID]; q != nil && q.next.After(at) {
			at = q.next
		}
		deadlines = append(deadlines, at)
	}

	return deadlines
}

// fits says which ports an instance would get, or why it cannot be launched.
func (s *Scheduler) fits(app *App) (ports []int, reason string) {
	switch {
	case s.starving != "":
		return nil, s.starving
	case len(app.AcceptedResourceRoles) > 0 && !slices.Contains(app.AcceptedResourceRoles, "*"): // all is unreserved here
		return nil, UnfulfilledRole
	case !s.meetsConstraints(app):
		return nil, UnfulfilledConstraint
	}
	free := s.opts.Agent
	for _, i := range s.instances {
		if i.Launched() {
			cpus, mem, disk := i.App.needs()
			free.CPUs, free.Mem, free.Disk = free.CPUs-cpus, free.Mem-mem, free.Disk-disk
		}
	}
	const dust = 1e-9 // sums of fractions
	cpus, mem, disk := app.needs()
	switch {
	case cpus > free.CPUs+dust:
		return nil, InsufficientCpus
	case mem > free.Mem+dust:
		return nil, InsufficientMemory
	case disk > free.Disk+dust:
		return nil, InsufficientDisk
	}
	if ports = s.pickPorts(app); ports == nil {
		return nil, InsufficientPorts
	}

	return ports, ""
}

// needs are the resources of a task and its executor.
func (a *App) needs() (cpus, mem, disk float64) {
	cpus, mem, disk = a.CPUs, a.Mem, a.Disk
	if e := a.ExecutorResources; e != nil {
		cpus, mem, disk = cpus+e.CPUs, mem+e.Mem, disk+e.Disk
	}

	return cpus, mem, disk
}

// pickPorts picks a host port for every port definition, nil if there are too few. It goes round the range, so that a
// port is not given again while its last user may still be leaving.
func (s *Scheduler) pickPorts(app *App) []int {
	used := map[int]bool{}
	for _, i := range s.instances {
		for _, port := range i.Ports {
			used[port] = used[port] || i.Launched()
		}
	}
	ports := []int{}
	for _, d := range app.PortDefinitions {
		port := d.Port
		if !app.RequirePorts {
			port = s.nextPort(used)
		} else if used[port] || port < s.opts.Agent.Ports[0] || port > s.opts.Agent.Ports[1] {
			port = 0
		}
		if port == 0 {
			return nil
		}
		used[port] = true
		ports = append(ports, port)
	}

	return ports
}

// nextPort is the free port after the one that was given last, 0 if there is none.
func (s *Scheduler) nextPort(used map[int]bool) int {
	first, last := s.opts.Agent.Ports[0], s.opts.Agent.Ports[1]
	for n := range last - first + 1 {
		port := first + (s.lastPort-first+1+n)%(last-first+1)
		if s.lastPort < first {
			port = first + n
		}
		if !used[port] && s.opts.PortFree(port) {
			s.lastPort = port

			return port
		}
	}

	return 0
}

// meetsConstraints judges constraints on the host name; the agent has no attributes (mesos/Constraints.scala).
func (s *Scheduler) meetsConstraints(app *App) bool {
	here := len(s.of(app.ID, func(i *Instance) bool { return i.Launched() && i.App.ConfigVersion() == app.ConfigVersion() }))
	for _, c := range app.Constraints {
		field, operator, value := c[0], c[1], ""
		if len(c) > 2 {
			value = c[2]
		}
		of := ""
		if field == "hostname" || field == "@hostname" {
			of = s.opts.Agent.Host
		} else if operator != "UNLIKE" {
			return false
		}
		if !meets(operator, value, of, here) {
			return false
		}
	}

	return true
}

func meets(operator, value, of string, here int) bool {
	switch operator {
	case "UNIQUE":
		return here == 0
	case "MAX_PER":
		most, err := strconv.Atoi(value)

		return err == nil && here < most
	case "CLUSTER":
		return value == "" || value == of
	case "IS":
		return value == of
	case "LIKE", "UNLIKE":
		pattern, err := regexp.Compile("^(?:" + value + ")$")

		return err == nil && pattern.MatchString(of) == (operator == "LIKE")
	}

	return true // GROUP_BY: there is one group
}
