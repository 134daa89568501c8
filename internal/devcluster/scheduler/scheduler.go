package scheduler

import (
	"slices"
	"time"
)

// Options are what a Scheduler is given. NewID and PortFree are required.
type Options struct {
	NewID    func() string       // a UUID that was never given before
	PortFree func(port int) bool // no one else on the agent listens on it

	Agent Agent

	Role    string // --mesos_role, which apps without a role get; "" means *
	Secrets bool   // --enable_features secrets

	LaunchTimeout time.Duration // --task_launch_timeout; 0 means 300 s
	KillRetry     time.Duration // between KILLs of a task that does not end; 0 means 30 s
	MaxKills      int           // tasks that are ending at once; 0 means 10
}

// Agent is the one agent of the cluster and what it has to offer.
type Agent struct {
	ID, Host, IP    string
	CPUs, Mem, Disk float64
	Ports           [2]int // first and last
}

// Scheduler holds the state of a cluster. It is not safe for concurrent use.
type Scheduler struct {
	opts Options
	now  time.Time

	root     Root
	roots    []Root            // of before, oldest first
	versions map[string][]*App // of each app, oldest first

	instances   []*Instance // oldest first
	dying       []*Instance // to be killed, not yet asked to end
	deployments []*Deployment
	delays      map[string]*delay       // by app and config version
	queue       map[string]*Queued      // by app
	failures    map[string]*TaskFailure // the last, by app

	lastPort int    // that was given to a task
	starving string // the reason for which every offer is refused; "" means they are not
	last     time.Time
	changed  bool // since the last look at what is to be done
	effects  []Effect
}

// Effect is something to be done: Launch, Kill or Tell.
type Effect interface{ effect() }

// Launch starts the task of an instance.
type Launch struct {
	App      *App
	Instance Instance
}

// Kill asks an executor to kill a task. Grace is the app's own, nil if it has none.
type Kill struct {
	TaskID string
	Grace  *time.Duration
}

// Tell is an event for the listeners: the fields beside eventType and timestamp.
type Tell struct {
	Type   string
	At     Time
	Fields map[string]any
}

func (Launch) effect() {}
func (Kill) effect()   {}
func (Tell) effect()   {}

// New makes the scheduler of an empty cluster.
func New(now time.Time, opts Options) *Scheduler {
	setDefault(&opts.LaunchTimeout, 300*time.Second)
	setDefault(&opts.Role, "*")
	setDefault(&opts.KillRetry, 30*time.Second)
	setDefault(&opts.MaxKills, 10)
	root := Root{Version: Time{now}}.clone()

	return &Scheduler{
		opts: opts, now: now, root: root, roots: []Root{root}, versions: map[string][]*App{},
		delays: map[string]*delay{}, queue: map[string]*Queued{}, failures: map[string]*TaskFailure{},
	}
}

// Effects are what is to be done since it was called before, in order.
func (s *Scheduler) Effects() []Effect {
	effects := s.effects
	s.effects = nil

	return effects
}

// Root is what is wanted now.
func (s *Scheduler) Root() Root { return s.root }

// App is an app as it is wanted now, nil if there is none of this id.
func (s *Scheduler) App(id string) *App { return s.root.Apps[id] }

// Versions are the versions of an app, oldest first, with what it is now.
func (s *Scheduler) Versions(id string) []*App { return s.versions[id] }

// VersionOf is a version of an app, nil if it is not known.
func (s *Scheduler) VersionOf(id string, v Time) *App {
	for _, app := range s.versions[id] {
		if app.Version.Equal(v.Time) {
			return app
		}
	}

	return nil
}

// RootOf is the root as it was made at that moment.
func (s *Scheduler) RootOf(v Time) (Root, bool) {
	for _, root := range s.roots {
		if root.Version.Equal(v.Time) {
			return root, true
		}
	}

	return Root{}, false
}

// Instances are the instances of an app, oldest first; of all apps for "".
func (s *Scheduler) Instances(app string) []Instance {
	var found []Instance
	for _, i := range s.instances {
		if app == "" || i.AppID == app {
			found = append(found, *i)
		}
	}

	return found
}

// Failure is the last failure of an app, nil if none is remembered.
func (s *Scheduler) Failure(app string) *TaskFailure { return s.failures[app] }

// Tick lets time pass.
func (s *Scheduler) Tick(now time.Time) {
	s.at(now)
	s.settle()
}

// Wake is when time must be let pass again; zero if nothing waits.
func (s *Scheduler) Wake() time.Time {
	var wake time.Time
	for _, at := range append(s.instanceDeadlines(), s.queueDeadlines()...) {
		if wake.IsZero() || at.Before(wake) {
			wake = at
		}
	}

	return wake
}

// at sets the time, which never goes back.
func (s *Scheduler) at(now time.Time) {
	if now.After(s.now) {
		s.now = now
	}
}

// stampNow is the time as a version that was never given before.
func (s *Scheduler) stampNow() Time {
	now := s.now.UTC().Truncate(time.Millisecond)
	if !now.After(s.last) {
		now = s.last.Add(time.Millisecond)
	}
	s.last = now

	return Time{now}
}

// settle does all that follows from what has happened, until nothing more does.
func (s *Scheduler) settle() {
	for s.changed = true; s.changed; {
		s.changed = false
		s.killOverdue()
		s.advance()
		s.keepScale()
		s.match()
		s.sendKills()
	}
}

func (s *Scheduler) tell(kind string, fields map[string]any) {
	s.effects = append(s.effects, Tell{Type: kind, At: Time{s.now}, Fields: fields})
}

// locked are the running deployments that an app is affected by.
func (s *Scheduler) locked(app string) []*Deployment {
	var found []*Deployment
	for _, d := range s.deployments {
		if slices.Contains(d.AffectedApps, app) {
			found = append(found, d)
		}
	}

	return found
}

// keepScale keeps the number of instances of every app that no deployment works on.
func (s *Scheduler) keepScale() {
	ids := sortedKeys(s.root.Apps)
	for _, i := range s.instances {
		if s.root.Apps[i.AppID] == nil && !slices.Contains(ids, i.AppID) {
			ids = append(ids, i.AppID)
		}
	}
	for _, id := range ids {
		if len(s.locked(id)) > 0 {
			continue
		}
		if app := s.root.Apps[id]; app != nil {
			s.scale(app, nil)
		} else {
			s.stop(id)
		}
	}
}

// RootVersions are the versions of the root that are known, newest first.
func (s *Scheduler) RootVersions() []Time {
	versions := []Time{}
	for _, root := range slices.Backward(s.roots) {
		versions = append(versions, root.Version)
	}

	return versions
}
