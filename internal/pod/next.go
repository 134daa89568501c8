package pod

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Next is every rule of a pod's life: what a pod becomes through an event, and
// what is to be done about it. It changes neither of its arguments.
func Next(p Pod, e Event) (Pod, []Effect) {
	switch e := e.(type) {
	case Launch:
		return launch(p)
	case Prepared:
		return prepared(p, e)
	case Started:
		return started(p, e)
	case Observed:
		return observed(p, e.Container)
	case Listed:
		return listed(p, e.Names)
	case Kill:
		return kill(p, e)
	case Unfit:
		return unfit(p, e)
	case EngineLost:
		return engineLost(p)
	case EngineBack:
		return engineBack(p)
	case TimedOut:
		return timedOut(p, e)
	case Stopped:
		return stopped(p, e)
	case Removed:
		return removed(p)
	}
	return p, nil
}

func launch(p Pod) (Pod, []Effect) {
	if p.State != Idle {
		return p, nil
	}
	p.State, p.Busy = Staging, true
	effects := []Effect{Report{Staging}}
	if p.Rules.LaunchTimeout > 0 {
		effects = append(effects, SetTimer{TimerLaunch, p.Rules.LaunchTimeout})
	}
	return p, append(effects, Prepare{})
}

func prepared(p Pod, e Prepared) (Pod, []Effect) {
	p.Busy = false
	switch {
	case p.State == Aborting:
		return stop(p)
	case p.State != Staging:
		return p, nil
	case e.Err != "":
		return fail(p, Reason{Cause: CausePrepare, Message: e.Err})
	}
	p.State, p.Busy = Starting, true
	return p, []Effect{Report{Starting}, Start{}}
}

func started(p Pod, e Started) (Pod, []Effect) {
	p.Busy = false
	switch {
	case p.State == Aborting:
		return stop(p)
	case p.State != Starting:
		return p, nil
	case e.Err != "":
		return fail(p, Reason{Cause: CauseStart, Message: e.Err})
	}
	p.Started = true
	return judge(p, p.Healthy())
}

func kill(p Pod, e Kill) (Pod, []Effect) {
	bound := cmp.Or(e.Grace, p.Rules.StopTimeout)
	if e.Now {
		bound = AtOnce
	}
	switch p.State {
	case Idle:
		p.State, p.Outcome, p.Removed = Killed, Killed, true
		p.Reason = Reason{Cause: CauseKill, Message: e.By}
		return p, []Effect{Report{Killed}, Exit{}}
	case Staging, Starting, Running:
		p.StopBy = bound
		return end(p, Killed, Reason{Cause: CauseKill, Message: e.By})
	case Aborting, Stopping:
		if shorter(p.StopBy, bound) == p.StopBy {
			return p, nil
		}
		p.StopBy = bound
		return p, []Effect{Hasten{bound}}
	default:
		return p, nil
	}
}

// shorter is the tighter of two bounds, of which zero is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

func unfit(p Pod, e Unfit) (Pod, []Effect) {
	if p.State != Running {
		return p, nil
	}
	return fail(p, Reason{Cause: CauseUnhealthy, Message: e.Message})
}

func engineLost(p Pod) (Pod, []Effect) {
	if p.EngineLost || p.State.Terminal() {
		return p, nil
	}
	p.EngineLost, p.Returning = true, false
	p.LostAtStop = p.LostAtStop || p.State == Stopping
	if p.Rules.EngineTimeout == 0 {
		return p, nil
	}
	return p, []Effect{SetTimer{TimerEngine, p.Rules.EngineTimeout}}
}

func engineBack(p Pod) (Pod, []Effect) {
	if !p.EngineLost || p.State.Terminal() {
		return p, nil
	}
	p.EngineLost, p.Returning, p.HealthyBefore = false, true, p.Healthy()
	return p, []Effect{ClearTimer{TimerEngine}}
}

func timedOut(p Pod, e TimedOut) (Pod, []Effect) {
	alive := p.State == Staging || p.State == Starting
	switch {
	case e.Timer == TimerLaunch && alive:
		return fail(p, Reason{Cause: CauseLaunchTime, After: p.Rules.LaunchTimeout, Service: p.waitingFor()})
	case e.Timer == TimerEngine && p.EngineLost && (alive || p.State == Running):
		return fail(p, Reason{Cause: CauseEngine, After: p.Rules.EngineTimeout})
	}
	return p, nil
}

func stopped(p Pod, e Stopped) (Pod, []Effect) {
	if p.State != Stopping {
		return p, nil
	}
	p.State, p.StopErr, p.Evidence = p.Outcome, e.Err, e.Evidence
	if (e.Away || p.LostAtStop) && p.Outcome == Failed && p.endedFromOutside() {
		p.Reason = Reason{Cause: CauseEngineRestart}
	}
	keep := p.Rules.Keep || p.Rules.KeepFailed && p.State == Failed
	return p, []Effect{Report{p.State}, Remove{Keep: keep}}
}

// endedFromOutside reports whether what ended the pod looks like an engine that
// is being stopped: it ends every container by signals and answers until it has
// (dockerd 20.10 without live-restore).
func (p Pod) endedFromOutside() bool {
	const sigkill, sigterm = 128 + 9, 128 + 15
	switch p.Reason.Cause {
	case CauseInfra, CauseAllExited:
		return true
	case CauseExit:
		return p.Reason.ExitCode == sigkill || p.Reason.ExitCode == sigterm
	default:
		return false
	}
}

func removed(p Pod) (Pod, []Effect) {
	if !p.State.Terminal() || p.Removed {
		return p, nil
	}
	p.Removed = true
	return p, []Effect{Exit{}}
}

// observed waits for the whole list of an engine that was away: of what ended
// meanwhile, the first to be named need not be the reason.
func observed(p Pod, c Container) (Pod, []Effect) {
	if p.Returning {
		return p.with(c), nil
	}
	return judge(p.with(c).knowing(c), p.Healthy())
}

// knowing is the pod with a better reason for its end, where c is what has ended
// it and the engine tells only now that it was an OOM.
func (p Pod) knowing(c Container) Pod {
	ending := p.State == Aborting || p.State == Stopping
	if ending && p.Reason.Cause == CauseExit && p.Reason.Container == c.Name && p.causeOf(c) == CauseOOM {
		p.Reason = p.reasonOf(CauseOOM, c)
	}
	return p
}

func listed(p Pod, names []string) (Pod, []Effect) {
	healthy := p.Healthy()
	p = p.without(names)
	if !p.Returning {
		return judge(p, healthy)
	}
	p.Returning = false
	if (p.State == Starting || p.State == Running) && p.engineEndedIt() {
		return fail(p, Reason{Cause: CauseEngineRestart})
	}
	return judge(p, p.HealthyBefore)
}

// engineEndedIt reports whether the engine has ended the containers of a pod
// while it was away. Infra never ends by itself; without one, a service pod of
// which nothing is left has been ended, too.
func (p Pod) engineEndedIt() bool {
	ended := 0
	for _, c := range p.Containers {
		if c.State == Exited && c.Service == p.Rules.Infra {
			return true
		}
		if c.State == Exited {
			ended++
		}
	}
	return ended > 0 && ended == len(p.Containers) && p.Rules.Infra == "" && !p.Rules.Job
}

// judge finds what the containers' states mean for the pod.
func judge(p Pod, wasHealthy bool) (Pod, []Effect) {
	if p.State != Starting && p.State != Running {
		return p, nil
	}
	if outcome, reason := p.verdict(); outcome != "" {
		p.StopBy = p.Rules.StopTimeout
		return end(p, outcome, reason)
	}
	switch {
	case p.State == Starting && p.ready():
		p.State = Running
		return p, []Effect{ClearTimer{TimerLaunch}, Report{Running}}
	case p.State == Running && p.Healthy() != wasHealthy:
		return p, []Effect{Report{Running}}
	}
	return p, nil
}

func fail(p Pod, r Reason) (Pod, []Effect) {
	p.StopBy = p.Rules.StopTimeout
	return end(p, Failed, r)
}

// end sets out for a terminal state: at once, or when the work under way has
// returned.
func end(p Pod, outcome State, r Reason) (Pod, []Effect) {
	p.Outcome, p.Reason = outcome, r
	if !p.Busy {
		return stop(p)
	}
	p.State = Aborting
	effects := []Effect{Report{Aborting}, Cancel{}}
	if p.StopBy > 0 { // that the work returns is part of the stop
		effects = append(effects, Hasten{p.StopBy})
	}
	return p, effects
}

func stop(p Pod) (Pod, []Effect) {
	p.State = Stopping
	return p, []Effect{
		ClearTimer{TimerLaunch},
		ClearTimer{TimerEngine},
		Report{Stopping},
		Stop{By: p.StopBy, Evidence: p.Reason.Container},
	}
}

// verdict is the outcome that the containers' states force, if any, and why.
func (p Pod) verdict() (State, Reason) {
	for _, c := range p.byEnd() {
		if cause := p.causeOf(c); cause != CauseNone {
			return p.outcomeOf(cause, c), p.reasonOf(cause, c)
		}
	}
	if !p.Started || p.living() {
		return "", Reason{}
	}
	return p.allExited()
}

// causeOf is what this container alone means for the pod.
func (p Pod) causeOf(c Container) Cause {
	switch {
	// A container that the engine could not make after all, and took back, was never
	// started; the start returns with what was wrong (20.10.24 sends destroy for it).
	case c.State == Gone && c.StartedAt.IsZero():
		return CauseNone
	case c.State == Gone:
		return CauseRemoved
	case c.State == Exited && c.Service == p.Rules.Infra:
		return CauseInfra
	case p.Rules.Tolerate:
		return CauseNone
	// A survivor of an OOM at the pod's own limit also says OOMKilled, and exits
	// with its own code later (Engine 20.10, reference/compose.md section 5i).
	case c.State == Exited && c.OOMKilled && c.ExitCode == 137:
		return CauseOOM
	case c.State == Exited && (c.ExitCode != 0 || p.Rules.AbortOnExit):
		return CauseExit
	case c.State == Up && c.Health == Unhealthy:
		return CauseUnhealthy
	}
	return CauseNone
}

func (p Pod) outcomeOf(cause Cause, c Container) State {
	if cause == CauseExit && c.ExitCode == 0 {
		return Finished
	}
	return Failed
}

func (p Pod) reasonOf(cause Cause, c Container) Reason {
	r := Reason{Cause: cause, Service: c.Service, Container: c.Name, ExitCode: c.ExitCode}
	if cause == CauseOOM {
		r.Memory = p.Rules.Memory[c.Service]
	}
	if !c.StartedAt.IsZero() && c.EndedAt.After(c.StartedAt) {
		r.After = c.EndedAt.Sub(c.StartedAt)
	}
	return r
}

// allExited is the verdict on a pod of which nothing but infra is left.
func (p Pod) allExited() (State, Reason) {
	for _, c := range p.byEnd() {
		if c.Service != p.Rules.Infra && c.ExitCode != 0 {
			return Failed, p.reasonOf(CauseExit, c)
		}
	}
	if p.Rules.Job {
		return Finished, Reason{Cause: CauseJobFinished}
	}
	return Failed, Reason{Cause: CauseAllExited}
}

// living reports whether a service other than infra has, or will have, a process.
func (p Pod) living() bool {
	seen := map[string]int{}
	for _, c := range p.Containers {
		seen[c.Service]++
		if c.Service != p.Rules.Infra && c.State != Exited && c.State != Gone {
			return true
		}
	}
	return !p.allSeen(seen)
}

// ready reports whether a starting pod runs: every container was started, and
// is healthy or done.
func (p Pod) ready() bool {
	seen := map[string]int{}
	for _, c := range p.Containers {
		if c.State == Up || c.State == Exited {
			seen[c.Service]++
		}
	}
	return p.Started && p.allSeen(seen) && (p.Rules.RunningAtStart || p.Healthy())
}

func (p Pod) allSeen(seen map[string]int) bool {
	for service, n := range p.Rules.Expect {
		if seen[service] < n {
			return false
		}
	}
	return true
}

// waitingFor names a service that keeps a starting pod from running, if one does:
// one that is there and not ready, else one of which the engine has told nothing,
// infra before all others, which live in its network.
func (p Pod) waitingFor() string {
	seen := map[string]bool{}
	for _, c := range p.byEnd() {
		if c.State == Created || c.State == Up && c.Healthcheck && c.Health != Healthy {
			return c.Service
		}
		seen[c.Service] = true
	}
	if p.State != Starting {
		return ""
	}
	expected := append([]string{p.Rules.Infra}, slices.Sorted(maps.Keys(p.Rules.Expect))...)
	i := slices.IndexFunc(expected, func(service string) bool { return service != "" && !seen[service] })
	if i < 0 {
		return ""
	}
	return expected[i]
}

// byEnd lists the containers, those that ended first in front: of several that
// failed, the first one is the reason. The order is total.
func (p Pod) byEnd() []Container {
	return slices.SortedFunc(maps.Values(p.Containers), func(a, b Container) int {
		return cmp.Or(
			-cmp.Compare(b2i(!a.EndedAt.IsZero()), b2i(!b.EndedAt.IsZero())),
			a.EndedAt.Compare(b.EndedAt),
			cmp.Compare(a.Name, b.Name),
		)
	})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p Pod) with(c Container) Pod {
	p.Containers = maps.Clone(p.Containers)
	if p.Containers == nil {
		p.Containers = map[string]Container{}
	}
	if was, known := p.Containers[c.Name]; known && c.State == Gone {
		c = was.gone()
	}
	p.Containers[c.Name] = c
	return p
}

// gone is the container after somebody removed it. One that had ended already
// stays what it was: its work was done.
func (c Container) gone() Container {
	if c.State != Exited {
		c.State = Gone
	}
	return c
}

// without marks as gone every container that a full list no longer names.
func (p Pod) without(names []string) Pod {
	p.Containers = maps.Clone(p.Containers)
	for name, c := range p.Containers {
		if !slices.Contains(names, name) {
			p.Containers[name] = c.gone()
		}
	}
	return p
}
