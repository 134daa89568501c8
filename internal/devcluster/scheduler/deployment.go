package scheduler

import (
	"math"
	"slices"
	"time"
)

// Deployment is the way from one root to another.
type Deployment struct {
	ID           string
	Version      Time
	AffectedApps []string
	Steps        []Step
	Current      int // index of the step under way

	original, target Root
	kill             map[string][]string // instances to let go first, by app
	begun            bool                // the current step
	restarts         map[string]*restart // of the current step
}

// restart is what a rolling upgrade was reckoned with when it began.
type restart struct {
	maxCapacity int
	old         int // instances of before that were not let go at once
}

// DeployOptions say how a root is deployed.
type DeployOptions struct {
	Force bool                // deployments in the way are cancelled
	Kill  map[string][]string // instances to let go first, by app
}

// Plan is what Deploy would do.
func (s *Scheduler) Plan(now time.Time, change func(Root) (Root, error)) ([]Step, error) {
	s.at(now)
	d, err := s.prepare(change)
	if err != nil {
		return nil, err
	}

	return d.Steps, nil
}

// Deploy begins to make a root what change makes of it.
func (s *Scheduler) Deploy(now time.Time, change func(Root) (Root, error), o DeployOptions) (*Deployment, error) {
	s.at(now)
	d, err := s.prepare(change)
	if err != nil {
		return nil, err
	}
	d.kill = o.Kill
	if err := s.clear(d, o.Force); err != nil {
		s.tell("group_change_failed", map[string]any{"groupId": "/", "version": d.Version, "reason": err.Error()})

		return nil, err
	}
	s.root = d.target
	s.roots = append(s.roots, d.target)
	s.roots = s.roots[max(0, len(s.roots)-maxVersions):]
	for id, app := range d.target.Apps {
		s.keepVersion(id, app)
	}
	for _, step := range d.Steps {
		for _, a := range step.Actions {
			if a.Action == RestartApplication || a.Action == StartApplication {
				s.forgetDelays(a.App)
			}
		}
	}
	s.deployments = append(s.deployments, d)
	s.tell("group_change_success", map[string]any{"groupId": "/", "version": d.Version})
	s.settle()

	return d, nil
}

// maxVersions is how many versions are kept, --zk_max_versions of Marathon.
const maxVersions = 50

func (s *Scheduler) keepVersion(id string, app *App) {
	known := s.versions[id]
	if len(known) > 0 && known[len(known)-1].Version == app.Version {
		known[len(known)-1] = app

		return
	}
	known = append(known, app)
	s.versions[id] = known[max(0, len(known)-maxVersions):]
}

func (s *Scheduler) prepare(change func(Root) (Root, error)) (*Deployment, error) {
	target, err := change(s.root)
	if err != nil {
		return nil, err
	}
	if err := target.check(); err != nil {
		return nil, err
	}
	if err := target.checkSecrets(s.root, s.opts.Secrets); err != nil {
		return nil, err
	}
	if target, err = target.withRole(s.root, s.opts.Role); err != nil {
		return nil, err
	}
	version := s.stampNow()
	target = stamp(s.root, assignPorts(s.root, target), version)
	steps, err := plan(s.root, target)
	if err != nil {
		return nil, err
	}

	return &Deployment{
		ID: s.opts.NewID(), Version: version, AffectedApps: affected(steps), Steps: steps,
		original: s.root, target: target, restarts: map[string]*restart{},
	}, nil
}

// clear makes way for a deployment, or says what is in its way.
func (s *Scheduler) clear(d *Deployment, force bool) error {
	var inTheWay []string
	for _, app := range d.AffectedApps {
		for _, other := range s.locked(app) {
			if !slices.Contains(inTheWay, other.ID) {
				inTheWay = append(inTheWay, other.ID)
			}
		}
	}
	if len(inTheWay) > 0 && !force {
		return &LockedError{Deployments: inTheWay}
	}
	for _, id := range inTheWay {
		s.cancel(id)
	}

	return nil
}

func (s *Scheduler) cancel(id string) {
	for _, d := range s.deployments {
		if d.ID == id {
			s.tell("deployment_failed", map[string]any{
				"id": d.ID, "plan": d.light(), "reason": "The upgrade has been cancelled",
			})
		}
	}
	s.deployments = slices.DeleteFunc(s.deployments, func(d *Deployment) bool { return d.ID == id })
	s.changed = true
}

// Deployments are those under way.
func (s *Scheduler) Deployments() []Deployment {
	running := []Deployment{}
	for _, d := range s.deployments {
		running = append(running, *d)
	}

	return running
}

func (s *Scheduler) deployment(id string) (*Deployment, error) {
	for _, d := range s.deployments {
		if d.ID == id {
			return d, nil
		}
	}

	return nil, NotFound("DeploymentPlan %s does not exist", id)
}

// CancelDeployment ends a deployment where it stands.
func (s *Scheduler) CancelDeployment(now time.Time, id string) error {
	s.at(now)
	if _, err := s.deployment(id); err != nil {
		return err
	}
	s.cancel(id)
	s.settle()

	return nil
}

// RevertDeployment takes back what a deployment was to do, with another one.
func (s *Scheduler) RevertDeployment(now time.Time, id string) (*Deployment, error) {
	d, err := s.deployment(id)
	if err != nil {
		return nil, err
	}

	return s.Deploy(now, func(root Root) (Root, error) {
		for _, app := range d.AffectedApps {
			if before := d.original.Apps[app]; before != nil {
				root = root.With(before)
			} else {
				root = root.Without(app)
			}
		}

		return root, nil
	}, DeployOptions{Force: true})
}

// light is a plan as events show it since Marathon 1.8.
func (d *Deployment) light() map[string]any {
	return map[string]any{"id": d.ID, "version": d.Version, "steps": d.Steps}
}

// advance takes every deployment as far as it goes now.
func (s *Scheduler) advance() {
	for _, d := range slices.Clone(s.deployments) {
		s.advanceOne(d)
	}
}

func (s *Scheduler) advanceOne(d *Deployment) {
	for d.Current < len(d.Steps) {
		step := d.Steps[d.Current]
		fields := map[string]any{"plan": d.light(), "currentStep": step}
		if !d.begun {
			d.begun = true
			d.restarts = map[string]*restart{}
			s.tell("deployment_info", fields)
		}
		if !s.do(d, step) {
			return
		}
		s.tell("deployment_step_success", fields)
		d.Current, d.begun = d.Current+1, false
		s.changed = true
	}
	s.deployments = slices.DeleteFunc(s.deployments, func(other *Deployment) bool { return other == d })
	s.tell("deployment_success", map[string]any{"id": d.ID, "plan": d.light()})
	s.changed = true
}

// do works on a step and says whether it is done.
func (s *Scheduler) do(d *Deployment, step Step) bool {
	all := true
	for _, a := range step.Actions {
		app := d.target.Apps[a.App]
		done := true
		switch a.Action {
		case ScaleApplication:
			done = s.scale(app, d.kill[a.App])
		case RestartApplication:
			done = s.restart(d, app)
		case StopApplication:
			if done = s.stop(a.App); done && s.versions[a.App] != nil {
				s.forget(a.App)
			}
		}
		all = all && done
	}

	return all
}

// forget drops all that is known of an app that was removed.
func (s *Scheduler) forget(app string) {
	delete(s.versions, app)
	delete(s.failures, app)
	delete(s.queue, app)
	s.forgetDelays(app)
	s.tell("app_terminated_event", map[string]any{"appId": app})
}

// scale brings an app to its number of instances, those in first going first, and says whether all of them serve.
func (s *Scheduler) scale(app *App, first []string) bool {
	here := s.of(app.ID, stays)
	for _, i := range here {
		if len(s.of(app.ID, stays)) > app.Instances && slices.Contains(first, i.ID) {
			s.let(i)
		}
	}
	here = s.of(app.ID, stays)
	if surplus := len(here) - app.Instances; surplus > 0 {
		for _, i := range victims(app, here)[:surplus] {
			s.let(i)
		}
	}
	for range app.Instances - len(here) {
		s.add(app)
	}

	return len(s.of(app.ID, served)) >= app.Instances && len(s.of(app.ID, always)) == len(s.of(app.ID, stays))
}

// stop ends all instances of an app and says whether none is left.
func (s *Scheduler) stop(app string) bool {
	for _, i := range s.of(app, stays) {
		s.let(i)
	}

	return len(s.of(app, always)) == 0
}

// restart replaces the instances of before by those of now within the app's upgrade strategy, and says whether it has
// (core/deployment/impl/TaskReplaceActor.scala).
func (s *Scheduler) restart(d *Deployment, app *App) bool {
	isOld := func(i *Instance) bool { return i.App.ConfigVersion() != app.ConfigVersion() }
	olds := victims(app, s.of(app.ID, func(i *Instance) bool { return isOld(i) && stays(i) }))
	r := d.restarts[app.ID]
	if r == nil {
		r = s.reckon(app, len(olds))
		d.restarts[app.ID] = r
	}
	news := s.of(app.ID, func(i *Instance) bool { return !isOld(i) && stays(i) })
	ready := 0
	for _, i := range news {
		if i.serves() {
			ready++
		}
	}

	keep := max(0, r.old-ready)
	for n, i := range olds {
		if n < len(olds)-keep || !i.Launched() { // one that ended by itself is not brought up again
			s.let(i)
		}
	}
	left := len(s.of(app.ID, isOld))
	for range min(app.Instances-len(news), r.maxCapacity-left-len(news)) {
		s.add(app)
	}

	return ready >= app.Instances && left == 0
}

// reckon says how far a rolling upgrade may go beyond, and stay below, the number of instances.
func (s *Scheduler) reckon(app *App, olds int) *restart {
	all := s.of(app.ID, stays)
	healthy := len(s.of(app.ID, func(i *Instance) bool { return stays(i) && i.consideredHealthy() }))
	least := int(math.Ceil(float64(app.Instances) * *app.UpgradeStrategy.MinimumHealthCapacity))
	most := int(float64(app.Instances) * (1 + *app.UpgradeStrategy.MaximumOverCapacity))
	atOnce := max(0, healthy-least)
	if least == most && most <= healthy {
		most++
	}
	if app.Instances < len(all) {
		atOnce = max(atOnce, len(all)-app.Instances)
	}
	// Unhealthy ones that leave no room for a new one serve nobody. Marathon 1.10 waits for ever there, earlier ones,
	// which counted all that run, did not.
	if room := most - len(all) + atOnce; room < 1 {
		atOnce = max(atOnce, min(len(all)-healthy, len(all)-most+1))
	}

	return &restart{maxCapacity: most, old: max(0, olds-atOnce)}
}
