package local

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"dce/internal/cgroup"
	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/life"
	"dce/internal/pod"
	"dce/internal/render"
	"dce/internal/task"
)

// portTries is how often a pod is started anew with other ports because
// somebody took one between the choice and the start.
const portTries = 5

// Up runs the pod of a plan, attached or in the background, until it has ended
// or runs; monitors is for the latter. It returns the exit code; an error says
// what is wrong, and exits with a code of its own unless the one returned is
// above zero.
func (m *Machine) Up(ctx context.Context, p *Plan, requests <-chan Stop, monitors *Monitors) (int, error) {
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &stops{cancel: cancel, say: m.Screen.Say, note: func() (asked, bool) {
		return readStop(filepath.Join(m.Dirs.pod(p.ID), stopFile))
	}}
	var listening sync.WaitGroup
	listening.Go(func() { s.listen(work, requests) })
	defer listening.Wait()
	defer cancel(nil)

	u := &upping{machine: m, plan: p, stops: s, monitors: monitors}
	code, err := u.do(work)
	err = p.located(err)
	if stop, ok := s.heard(); ok {
		if errors.Is(err, errStopped) || errors.Is(err, context.Canceled) {
			err = nil // what was asked for
		}
		return stop.Exit, err
	}
	return code, err
}

// located says of what the engine refuses where in the files it stands.
func (p *Plan) located(err error) error {
	list, ok := diag.Of(err)
	if !ok {
		return err
	}
	return &diag.Problems{List: list.Located(p.project.Locate)}
}

// upping is one run of Up.
type upping struct {
	machine  *Machine
	plan     *Plan
	stops    *stops
	monitors *Monitors
	result   render.Result
	parent   life.Cgroup
}

func (u *upping) do(ctx context.Context) (int, error) {
	if err := u.machine.Meet(ctx); err != nil {
		return 0, err
	}
	keeper, same, err := u.take(ctx)
	if err != nil {
		return 0, err
	}
	if same {
		u.machine.Screen.Say("pod %s is already running with this content", u.plan.ID)
		return 0, nil
	}
	o, err := u.launch(ctx, keeper)
	if err != nil {
		u.machine.Dirs.discard(u.plan.ID, u.machine.Log)
	}
	if err := keeper.release(); err != nil {
		u.machine.Log.Warn("releasing the lease", "err", err)
	}
	if err != nil {
		return 0, err
	}
	return u.end(o)
}

// leaseTries is how often a lease may be refused in a row that no keeper has: one
// that has just given it back explains the first.
const leaseTries = 3

// take makes a keeper that has the pod's lease. One that another process has
// means that the pod lives: with the same content there is nothing to do, with
// another one that process is asked to end it.
func (u *upping) take(ctx context.Context) (k keeper, same bool, err error) {
	refused := 0
	for {
		k, err := u.keeper(ctx)
		if !errors.Is(err, lease.ErrHeld) {
			return k, false, err
		}
		if !u.machine.held(u.plan.ID) {
			if refused++; refused == leaseTries {
				return nil, false, leaseRefused(u.machine.Dirs, u.plan.ID, err)
			}
			continue
		}
		refused = 0
		same, err := u.yield(ctx)
		if same || err != nil {
			return nil, same, err
		}
	}
}

func (u *upping) keeper(ctx context.Context) (keeper, error) {
	if u.plan.options.Detach {
		return u.machine.monitor(ctx, u.plan.ID, u.monitors, u.stops)
	}
	return u.machine.attach(u.plan.ID, u.stops)
}

// yield has the living pod of this name make room, unless it is the same.
func (u *upping) yield(ctx context.Context) (same bool, err error) {
	status, _ := readStatus(u.machine.Dirs.pod(u.plan.ID))
	ending := status.State == pod.Stopping || status.State == pod.Aborting || status.State.Terminal()
	if status.Hash == u.plan.Hash() && !ending {
		return true, nil
	}
	if !ending {
		u.machine.Screen.Say("the content of pod %s has changed: replacing it", u.plan.ID)
	}
	return false, u.machine.askToStop(ctx, u.plan.ID, asked{By: "dce up, which replaces it"})
}

// launch clears what is left of an earlier pod and runs this one, anew with
// other ports where somebody was faster.
func (u *upping) launch(ctx context.Context, k keeper) (outcome, error) {
	if err := u.machine.clear(ctx, u.plan.ID); err != nil {
		return outcome{}, err
	}
	avoid := map[uint16]bool{}
	for try := 1; ; try++ {
		order, err := u.order(ctx, k, avoid, try)
		if err != nil {
			return outcome{}, err
		}
		o, err := k.run(ctx, order)
		if err != nil {
			return outcome{}, err
		}
		if !u.portLost(o) || try == portTries {
			return o, u.settle(o)
		}
		if try > 1 { // what takes them cannot be seen from here
			for _, p := range u.plan.task.Ports {
				avoid[p.Number] = true
			}
		}
		u.machine.Screen.Say("a host port was taken in the meantime: trying others")
	}
}

// settle does for an attached pod what a monitor does for its own.
func (u *upping) settle(o outcome) error {
	switch {
	case u.plan.options.Detach:
		return nil
	case o.State == pod.Finished && !o.Kept: // whoever watched has seen it all
		return u.machine.Dirs.forget(u.plan.ID)
	}
	return u.machine.settle(u.plan.ID, o)
}

// portLost reports whether the start failed because of a host port, where
// another one will do.
func (u *upping) portLost(o outcome) bool {
	return o.Reason.Cause == pod.CauseStart && !u.plan.given && u.plan.way() != PortsFixed &&
		slices.ContainsFunc(o.Problems, func(p problem) bool { return p.Code == engine.CodePortTaken })
}

// order chooses ports, renders, and writes the state directory.
func (u *upping) order(ctx context.Context, k keeper, avoid map[uint16]bool, try int) (order, error) {
	p := u.plan
	id := k.identity()
	p.task.Lease, p.task.BootID, p.task.PID, p.task.StartTime = id.Lease, id.BootID, id.PID, id.Start
	sandbox := p.options.Sandbox.path()
	dir, err := u.machine.Dirs.make(p.ID, sandbox)
	if err != nil {
		return order{}, err
	}
	if p.options.Task == nil || p.options.Task.Bare {
		p.task.Sandbox = cmp.Or(sandbox, dir)
	}
	if err := u.ports(ctx, avoid); err != nil {
		return order{}, err
	}
	if err := u.cgroup(try); err != nil {
		return order{}, err
	}
	var rendered []byte
	u.result, rendered, err = p.render()
	if err != nil {
		return order{}, err
	}
	if try == 1 {
		if err := u.warn(ctx, warnings(u.result.Diagnostics)); err != nil {
			return order{}, err
		}
	}
	o := order{
		ID: p.ID, Dir: dir, Hash: p.Hash(), Ports: u.result.Ports, Pull: p.options.Pull, Build: p.options.Build, NoBuild: p.options.NoBuild,
		Rules: p.rules(u.result), Cgroup: u.parent, Secrets: life.Secrets(p.project.Compose, p.settings().Secrets),
		SecretFiles: life.SecretFiles(p.project.Compose),
	}
	if try > 1 { // the images are new since the first
		o.Build = false
		if o.Pull == "always" {
			o.Pull = "missing"
		}
	}
	return o, u.write(o, rendered)
}

// warn says what is to be known of the pod before it starts, once.
func (u *upping) warn(ctx context.Context, rendering diag.List) error {
	kept, err := u.madeOtherwise(ctx)
	if err != nil {
		return err
	}
	u.machine.Screen.Warn(slices.Concat(rendering, kept))
	return nil
}

// warnings leaves out the notes on a rendering, such as images without a fixed
// version: `dce render` makes them, and here they would be in the way of what
// happens.
func warnings(l diag.List) diag.List {
	return slices.DeleteFunc(slices.Clone(l), func(d diag.Diagnostic) bool { return d.Severity == diag.Note })
}

// write leaves in the state directory what the pod is made of, and that it is
// about to begin: a second `up` must see the content before any container is.
func (u *upping) write(o order, rendered []byte) error {
	facts, err := task.File{Task: u.plan.task, Settings: u.plan.settings()}.Encode()
	if err != nil {
		return err
	}
	return errors.Join(
		writeFile(filepath.Join(o.Dir, renderedFile), rendered),
		writeFile(filepath.Join(o.Dir, taskFile), facts),
		newStatus(o.ID, o.Hash, pod.Pod{State: pod.Idle}, time.Now()).write(o.Dir),
	)
}

// cgroup settles the pod's parent cgroup.
func (u *upping) cgroup(try int) error {
	tree, err := cgroup.Detect()
	if err != nil {
		return err
	}
	var notes diag.List
	u.parent, notes = planCgroup(u.plan.ID, u.plan.task, u.machine.info, tree)
	u.plan.task.CgroupParent, u.plan.task.CgroupDriver = u.parent.Parent, u.machine.info.CgroupDriver
	if try == 1 {
		u.machine.Screen.Warn(notes)
	}
	return nil
}

// ports chooses the host ports, unless a task brought its own.
func (u *upping) ports(ctx context.Context, avoid map[uint16]bool) error {
	if u.plan.given {
		return nil
	}
	prober, err := u.machine.prober(ctx, u.machine.info.Local)
	if err != nil {
		return err
	}
	choice, err := choosePorts(u.plan.ports, u.plan.way(), prober, avoid)
	if err != nil {
		return err
	}
	u.plan.task.Ports = choice.offer
	for _, n := range choice.notes {
		u.machine.Screen.Say("%s", n)
	}
	return u.plan.settled(ctx)
}

// way is how ports are chosen.
func (p *Plan) way() Ports {
	switch {
	case p.options.Ports != "":
		return p.options.Ports
	case p.project.Config.Ports != "":
		return Ports(p.project.Config.Ports)
	}
	return PortsAuto
}

// end says what became of the pod, and with which code the command ends.
func (u *upping) end(o outcome) (int, error) {
	if s := u.plan.options.ExitCodeFrom; s != "" && o.State.Terminal() {
		if code, ok := o.Exits[s]; ok {
			return code, u.problem(o)
		}
	}
	switch o.State {
	case pod.Running:
		u.running()
	case pod.Finished:
		u.machine.Screen.Say("pod %s finished: %s", u.plan.ID, o.Reason)
	case pod.Killed:
		u.machine.Screen.Say("pod %s is gone: %s", u.plan.ID, o.Reason)
	default:
		return 0, u.problem(o)
	}
	return 0, nil
}

func (u *upping) running() {
	u.machine.Screen.Say("pod %s runs", u.plan.ID)
	u.machine.sayPorts(u.result.Ports)
	u.machine.Screen.Say("stop it with: dce down --local %s", u.plan.ID)
}

// sayPorts shows where the pod's ports are.
func (m *Machine) sayPorts(ports []render.PortMapping) {
	for _, p := range ports {
		m.Screen.Say("  %s %d/%s is at %s", p.Service, p.ContainerPort, p.Protocol, hostAddress(p.HostIP, p.HostPort))
	}
}

// problem is the diagnostic for a pod that failed.
func (u *upping) problem(o outcome) error {
	if o.State != pod.Failed {
		return nil
	}
	list := diagnostics(o.Problems)
	if !list.HasErrors() {
		list = append(list, podFailed(u.plan.ID, o))
	}
	if o.StopErr != "" {
		list = append(list, stopTrouble(u.plan.ID, o.StopErr))
	}
	return list.Err()
}
