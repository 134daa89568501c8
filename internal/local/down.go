package local

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/render"
)

const (
	// stopSlack is how long a keeper may need beyond the graces of its services: it
	// stops and removes, and gives an engine a minute for each call. Twelve pods
	// that go at once on two busy cores have taken more than half a minute.
	stopSlack = 3 * time.Minute
	// stopWait bounds the wait for a keeper whose services' graces are not known.
	stopWait = 10 * time.Minute
	// unknownWait bounds the wait for whoever has locked a lease that notes nobody:
	// it was asked nothing, and a keeper notes itself within milliseconds.
	unknownWait = 5 * time.Second
)

// DownOptions are what `dce down --local` was asked for.
type DownOptions struct {
	ID string
	// Volumes removes the pod's own volumes as well.
	Volumes bool
	// Timeout bounds the whole stop, zero kills at once; nil leaves each service
	// its own grace.
	Timeout *time.Duration
	// KeepImages leaves the images that were built for the pod.
	KeepImages bool
}

// Down ends a pod and removes what it left, whether something looks after it or
// not.
func (m *Machine) Down(ctx context.Context, o DownOptions) error {
	found, err := m.find(ctx, o.ID)
	if err != nil {
		return err
	}
	if err := m.tellHandRun(ctx, o.ID); err != nil {
		return err
	}
	if !found.any() {
		left, err := m.leftOf(ctx, o)
		if err != nil {
			return err
		}
		if !left {
			return noPod(o.ID, m.names(ctx))
		}
	}
	display := m.Screen.Progress()
	defer display.Close()
	if err := m.askToStop(ctx, o.ID, o.ask()); err != nil {
		return err
	}
	var built []string
	var work errgroup.Group
	work.Go(func() (err error) { // beside the rest: the engine takes its time for a list of images
		built, err = m.built(ctx, o, found)
		return err
	})
	work.Go(func() error { return m.remove(ctx, o, found, display) })
	if err := work.Wait(); err != nil {
		return err
	}
	if err := m.Engine.RemoveImages(ctx, built); err != nil {
		return err
	}
	return m.Dirs.forget(o.ID)
}

// tellHandRun names the containers that are left although they carry the pod's
// labels.
func (m *Machine) tellHandRun(ctx context.Context, id string) error {
	names, err := m.Engine.HandRun(ctx, id)
	for _, name := range names {
		m.Screen.Say("container %s is left alone: it has the labels of pod %s from its image, which was made of one of the pod's containers", name, id)
	}
	return err
}

// built are the images that were built for the pod and go with it.
func (m *Machine) built(ctx context.Context, o DownOptions, f found) ([]string, error) {
	if o.KeepImages {
		return nil, nil
	}
	return m.Engine.Built(ctx, f.project(o.ID))
}

// leftOf reports whether there is anything to remove of a pod that is gone: its
// volumes outlive it.
func (m *Machine) leftOf(ctx context.Context, o DownOptions) (bool, error) {
	if !o.Volumes {
		return false, nil
	}
	things, err := m.Engine.Resources(ctx, render.LabelPod+"="+o.ID)
	return len(things) > 0, err
}

func (o DownOptions) ask() asked {
	a := asked{By: "dce down"}
	if o.Timeout != nil {
		a.Grace, a.Now = *o.Timeout, *o.Timeout == 0
	}
	return a
}

// bound is what is left of the time to stop, asked for again and again.
func (a asked) bound(began time.Time) func() time.Duration {
	return func() time.Duration {
		switch {
		case a.Now:
			return 0
		case a.Grace > 0:
			return max(0, a.Grace-time.Since(began))
		}
		return -1
	}
}

// found is what is known of a pod before it is taken down.
type found struct {
	pods   []engine.Summary
	status Status
	known  bool // a state directory or a lease tells of it
	// parent is the cgroup that its keeper was to make, empty when unknown.
	parent string
}

func (f found) any() bool { return len(f.pods) > 0 || f.known }

// parents are the cgroups that the pod may have: of its containers, and one that
// was made for some that never were.
func (f found) parents() map[string]bool {
	parents := map[string]bool{f.parent: true}
	for _, p := range f.pods {
		for _, c := range p.Containers {
			parents[c.CgroupParent] = true
		}
	}
	maps.DeleteFunc(parents, func(p string, _ bool) bool { return !strings.HasPrefix(p, "/") || p == sharedParent })
	return parents
}

// project is the compose project's name of the pod.
func (f found) project(id string) string {
	if len(f.pods) > 0 {
		return f.pods[0].Project
	}
	return render.ProjectName(id)
}

// find looks for a pod among the containers and in the state directory.
func (m *Machine) find(ctx context.Context, id string) (found, error) {
	pods, err := m.Engine.Pods(ctx, map[string]string{render.LabelPod: id})
	if err != nil {
		return found{}, err
	}
	status, err := readStatus(m.Dirs.pod(id))
	f := found{pods: pods, status: status, known: err == nil || m.held(id), parent: m.facts(id).CgroupParent}
	if len(pods) > 0 {
		if front := pods[0].Labels[render.LabelFront]; front != render.FrontLocal {
			return f, notOurs(id, front)
		}
	}
	return f, nil
}

// names are the ids of the pods on this machine, for a hint.
func (m *Machine) names(ctx context.Context) []string {
	rows, err := m.List(ctx)
	if err != nil {
		return nil
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

// held reports whether a keeper of this pod lives.
func (m *Machine) held(id string) bool {
	path, err := lease.Path(m.Dirs.Leases, elementOf(id))
	return err == nil && lease.Here().Judge(lease.Identity{Lease: path}).State == lease.Alive
}

// askToStop asks the process that looks after a pod, if one does, to end it,
// and waits until it has.
func (m *Machine) askToStop(ctx context.Context, pod string, a asked) error {
	if !m.held(pod) {
		return nil
	}
	path, err := lease.Path(m.Dirs.Leases, elementOf(pod))
	if err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(m.Dirs.pod(pod), stopFile), a); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	id, err := m.keeperOf(ctx, pod)
	if err != nil {
		return err
	}
	if err := terminate(id); err != nil {
		return err
	}
	if !lease.Noted(path) && lease.Here().Process(id).State != lease.Alive {
		return m.awaitUnknown(ctx, pod, a, path)
	}
	ctx, cancel := context.WithTimeout(ctx, a.wait())
	defer cancel()
	if err := lease.WaitEnd(ctx, path); err != nil {
		return stillThere(pod, a, err)
	}
	return nil
}

// awaitUnknown gives whoever has locked a lease that notes nobody the time to let
// it go, or to note itself: a keeper that has just begun is asked then.
func (m *Machine) awaitUnknown(ctx context.Context, pod string, a asked, path string) error {
	soon, cancel := context.WithTimeout(ctx, unknownWait)
	defer cancel()
	err := lease.WaitEnd(soon, path)
	switch {
	case err == nil:
		return nil
	case lease.Noted(path):
		return m.askToStop(ctx, pod, a)
	}
	return leaseLocked(path, err)
}

// wait bounds the wait for a keeper that was asked.
func (a asked) wait() time.Duration {
	if a.Now || a.Grace > 0 {
		return a.Grace + stopSlack
	}
	return stopWait
}

// clear ends and removes what an unattended pod of this name left.
func (m *Machine) clear(ctx context.Context, id string) error {
	pods, err := m.Engine.Pods(ctx, map[string]string{render.LabelPod: id})
	if err != nil || len(pods) == 0 {
		return err
	}
	if status, err := readStatus(m.Dirs.pod(id)); err != nil || !status.State.Terminal() {
		m.Screen.Say("nothing looks after pod %s any more: replacing it", id)
	}
	display := m.Screen.Progress()
	defer display.Close()
	return m.remove(ctx, DownOptions{ID: id}, found{pods: pods}, display)
}

// remove stops and removes everything that carries the pod's label.
func (m *Machine) remove(ctx context.Context, o DownOptions, f found, display Progress) error {
	left := m.Engine.Pod(engine.Spec{
		PodID: o.ID, ProjectName: f.project(o.ID), RemoveVolumes: o.Volumes, Progress: display,
	})
	if _, err := left.Stop(ctx, o.ask().bound(time.Now()), ""); err != nil {
		return err
	}
	if err := left.Remove(ctx); err != nil {
		return err
	}
	if err := removeCgroups(ctx, f.parents()); err != nil {
		m.Log.Warn("removing the pod's cgroup", "err", err)
	}
	path, err := lease.Path(m.Dirs.Leases, elementOf(o.ID))
	if err != nil {
		return err
	}
	if err := lease.Clear(path); err != nil && !errors.Is(err, lease.ErrHeld) { // by the keeper that follows
		return err
	}
	return nil
}
