package scheduler

import (
	"fmt"
	"slices"
	"time"
)

// The conditions of an Instance, and of a task under the name TASK_ and the upper case of it.
const (
	Scheduled   = "Scheduled"   // waits for an offer
	Provisioned = "Provisioned" // launched, nothing heard of it
	Staging     = "Staging"
	Starting    = "Starting"
	Running     = "Running"
	Killing     = "Killing"
)

// Instance is one of an app: a task that runs, or a place where one shall.
type Instance struct {
	ID          string // shop_web.instance-<uuid>
	AppID       string
	App         *App // the definition it was made of
	Incarnation int  // of the task; 0 before the first
	Condition   string
	Ports       []int // on the agent, one for each port definition
	StagedAt    Time
	StartedAt   Time    // zero before it ran
	Mesos       *bool   // healthy, as the executor says
	Checks      []Check // one for each health check, while it runs
	Ready       bool    // readiness checks were answered, or there are none

	made    time.Time
	leaving bool      // it shall end and not come again
	killed  time.Time // when it was decided to end its task; zero if it was not
	retried time.Time // when the task was last asked to end
	why     string    // it is killed, for the failure that is shown; "" if that is no failure
	told    *bool     // the health that was told last
}

// Check is what is known of one health check of an instance.
type Check struct {
	Alive               bool
	ConsecutiveFailures int
	FirstSuccess        Time
	LastSuccess         Time
	LastFailure         Time
	LastFailureCause    string

	told bool // whether anybody was told of its health
}

// TaskID is the id of the instance's task.
func (i *Instance) TaskID() string { return fmt.Sprintf("%s._app.%d", i.ID, i.Incarnation) }

// Launched says that the instance has a task.
func (i *Instance) Launched() bool { return i.Condition != Scheduled }

// Healthy is the word of all health checks: nil while they have said nothing, and if there are none.
func (i *Instance) Healthy() *bool {
	if len(i.App.HealthChecks) == 0 || i.Condition != Running {
		return nil
	}
	healthy := true
	for n, h := range i.App.HealthChecks {
		switch {
		case isMesosProtocol(h.Protocol) && i.Mesos == nil:
			return nil
		case isMesosProtocol(h.Protocol):
			healthy = healthy && *i.Mesos
		case n >= len(i.Checks) || i.Checks[n].FirstSuccess.IsZero() && i.Checks[n].LastFailure.IsZero():
			return nil
		default:
			healthy = healthy && i.Checks[n].Alive
		}
	}

	return &healthy
}

// consideredHealthy is Instance.consideredHealthy of Marathon: without health checks everything is.
func (i *Instance) consideredHealthy() bool {
	healthy := i.Healthy()

	return len(i.App.HealthChecks) == 0 || healthy != nil && *healthy
}

// serves says that a deployment may count on the instance.
func (i *Instance) serves() bool {
	return i.Condition == Running && !i.leaving && i.consideredHealthy() && i.Ready
}

// of are the instances of an app that meet a condition.
func (s *Scheduler) of(app string, when func(*Instance) bool) []*Instance {
	var found []*Instance
	for _, i := range s.instances {
		if i.AppID == app && when(i) {
			found = append(found, i)
		}
	}

	return found
}

func stays(i *Instance) bool  { return !i.leaving }
func always(*Instance) bool   { return true }
func served(i *Instance) bool { return i.serves() }

func (s *Scheduler) instance(id string) *Instance {
	for _, i := range s.instances {
		if i.ID == id {
			return i
		}
	}

	return nil
}

// add makes an instance that waits for an offer.
func (s *Scheduler) add(app *App) {
	s.instances = append(s.instances, &Instance{
		ID: safePath(app.ID) + ".instance-" + s.opts.NewID(), AppID: app.ID, App: app, Condition: Scheduled, made: s.now,
	})
	s.enqueue(app)
	s.changed = true
}

// remove forgets an instance whose task has ended.
func (s *Scheduler) remove(i *Instance) {
	s.instances = slices.DeleteFunc(s.instances, func(other *Instance) bool { return other == i })
	s.changed = true
}

// let ends an instance for good.
func (s *Scheduler) let(i *Instance) {
	if i.leaving {
		return
	}
	i.leaving = true
	s.changed = true
	if !i.Launched() {
		s.remove(i)

		return
	}
	s.kill(i, "")
}

// kill ends the task of an instance. An instance that is not leaving gets a new one.
func (s *Scheduler) kill(i *Instance, why string) {
	if !i.killed.IsZero() {
		return
	}
	i.killed, i.why = s.now, why
	s.dying = append(s.dying, i)
}

// sendKills asks tasks to end, a few at a time: all pods of this cluster are on one engine, and Docker 20.10 was seen to
// lock itself up for good (processEndpointDelete of libnetwork) when a hundred were stopped at once.
func (s *Scheduler) sendKills() {
	ending := 0
	for _, i := range s.instances {
		if !i.retried.IsZero() {
			ending++
		}
	}
	for ; len(s.dying) > 0 && ending < s.opts.MaxKills; s.dying = s.dying[1:] {
		i := s.dying[0]
		if i.killed.IsZero() || !i.retried.IsZero() || s.instance(i.ID) == nil {
			continue // it has ended by itself
		}
		i.retried = s.now
		s.effects = append(s.effects, Kill{TaskID: i.TaskID(), Grace: i.App.grace()})
		ending++
	}
}

// grace is the time an app gives its tasks to end.
func (a *App) grace() *time.Duration {
	if a.TaskKillGracePeriodSeconds == nil {
		return nil
	}

	return new(time.Duration(*a.TaskKillGracePeriodSeconds) * time.Second)
}

// killOverdue kills tasks that take too long to start, and repeats kills that nothing came of
// (core/task/jobs/impl/OverdueInstancesActor.scala, core/task/termination/KillConfig.scala).
func (s *Scheduler) killOverdue() {
	for _, i := range s.instances {
		if at := i.startDeadline(s.opts.LaunchTimeout); !at.IsZero() && !s.now.Before(at) {
			s.kill(i, "Task was killed because it did not start within the task_launch_timeout of "+s.opts.LaunchTimeout.String())
		}
		if !i.retried.IsZero() && !s.now.Before(i.retried.Add(s.opts.KillRetry)) {
			i.retried = s.now
			s.effects = append(s.effects, Kill{TaskID: i.TaskID(), Grace: i.App.grace()})
		}
	}
}

// startDeadline is when the task must run at the latest; zero if it does, or is on its way out.
func (i *Instance) startDeadline(timeout time.Duration) time.Time {
	if i.Condition == Running || i.Condition == Killing || !i.Launched() || !i.killed.IsZero() {
		return time.Time{}
	}

	return i.StagedAt.Add(timeout)
}

func (s *Scheduler) instanceDeadlines() []time.Time {
	var deadlines []time.Time
	for _, i := range s.instances {
		if at := i.startDeadline(s.opts.LaunchTimeout); !at.IsZero() {
			deadlines = append(deadlines, at)
		}
		if !i.retried.IsZero() {
			deadlines = append(deadlines, i.retried.Add(s.opts.KillRetry))
		}
	}

	return deadlines
}

// victims are instances in the order in which they are let go: those that do not run, unhealthy ones, then by age as
// the app says (KillSelection).
func victims(app *App, instances []*Instance) []*Instance {
	sorted := slices.Clone(instances)
	if app.KillSelection != "OLDEST_FIRST" {
		slices.Reverse(sorted) // of one moment, the last made is the youngest
	}
	slices.SortStableFunc(sorted, func(a, b *Instance) int {
		if x, y := a.rank(), b.rank(); x != y {
			return x - y
		}
		if app.KillSelection == "OLDEST_FIRST" {
			return a.made.Compare(b.made)
		}

		return b.made.Compare(a.made)
	})

	return sorted
}

// rank is how readily an instance is let go: the less, the sooner.
func (i *Instance) rank() int {
	switch {
	case !i.Launched():
		return 0
	case i.Condition != Running:
		return 1
	case !i.consideredHealthy():
		return 2
	}

	return 3
}
