package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cenkalti/backoff/v5"
	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"dce/internal/diag"
	"dce/internal/progress"
)

// removeTries is how often something that is still in use is tried to remove:
// the engine lets go of a network's last endpoint a moment after the container.
const removeTries = 6

// Remove implements supervisor.Engine: containers with their anonymous
// volumes, then the pod's own networks and, if asked to, volumes. It looks again
// afterwards: what somebody before us left half done may have appeared meanwhile.
func (p *Pod) Remove(ctx context.Context) error {
	for range removeRounds {
		found, err := p.belongings(ctx)
		if err != nil || found.none() {
			return err
		}
		if err := p.removeEach(ctx, found.containers); err != nil {
			return err
		}
		if err := p.removeEach(ctx, slices.Concat(found.networks, found.volumes)); err != nil {
			return err
		}
	}
	found, err := p.belongings(ctx)
	if err != nil || found.none() {
		return err
	}
	return leftBehind(found.names(), nil)
}

// removeRounds is how often a pod is removed of which there is still something.
const removeRounds = 2

// belongings are what there is to remove of a pod.
type belongings struct{ containers, networks, volumes []removal }

func (b belongings) none() bool { return len(b.containers)+len(b.networks)+len(b.volumes) == 0 }

func (b belongings) names() []string {
	var names []string
	for _, r := range slices.Concat(b.containers, b.networks, b.volumes) {
		names = append(names, r.name)
	}
	return names
}

// removal is one thing to remove.
type removal struct {
	name   string
	remove func(context.Context) error
}

// belongings lists everything at once.
func (p *Pod) belongings(ctx context.Context) (b belongings, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		containers, err := p.containers(ctx)
		for _, c := range containers {
			b.containers = append(b.containers, removal{p.serviceOf(c), func(ctx context.Context) error {
				_, err := p.engine.api.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
				return err
			}})
		}
		return err
	})
	group.Go(func() (err error) {
		b.networks, err = p.networks(ctx)
		return err
	})
	group.Go(func() (err error) {
		if p.spec.RemoveVolumes {
			b.volumes, err = p.volumes(ctx)
		}
		return err
	})
	return b, classify(group.Wait(), about{host: p.engine.Host()})
}

func (p *Pod) networks(ctx context.Context) ([]removal, error) {
	networks, err := selected(ctx, p, p.engine.sparseNetworks)
	if err != nil {
		return nil, fmt.Errorf("listing the pod's networks: %w", err)
	}
	var work []removal
	for _, n := range networks {
		if p.mine(n.Labels) {
			work = append(work, removal{"network " + n.Name, func(ctx context.Context) error { return p.removeNetwork(ctx, n.ID) }})
		}
	}
	return distinct(work), nil
}

func (p *Pod) removeNetwork(ctx context.Context, id string) error {
	_, err := p.engine.api.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
	if err != nil && says(err, "has active endpoints") {
		p.dropStale(ctx, id)
	}
	return err
}

// dropStale makes a network let go of containers that do not exist any more: an
// engine that was killed keeps their endpoints for ever (20.10.24, seen in
// chaos). One that exists is somebody's, and stays. Its errors are left to the
// removal that is tried again.
func (p *Pod) dropStale(ctx context.Context, network string) {
	var ends map[string]struct{ Name string }
	if p.engine.look(ctx, "/networks/"+network, fields{"Containers": &ends}) != nil {
		return
	}
	for id, end := range ends {
		if !errdefs.IsNotFound(p.engine.lookAtContainer(ctx, id, nil)) {
			continue
		}
		o := client.NetworkDisconnectOptions{Container: end.Name, Force: true}
		if _, err := p.engine.api.NetworkDisconnect(ctx, network, o); err != nil {
			p.engine.log.Debug("dropping a stale endpoint", "network", network, "err", err)
		}
	}
}

func (p *Pod) volumes(ctx context.Context) ([]removal, error) {
	volumes, err := selected(ctx, p, p.engine.sparseVolumes)
	if err != nil {
		return nil, fmt.Errorf("listing the pod's volumes: %w", err)
	}
	var work []removal
	for _, v := range volumes {
		if p.mine(v.Labels) && !keeps(p.spec, v.Labels) {
			work = append(work, removal{"volume " + v.Name, func(ctx context.Context) error {
				_, err := p.engine.api.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{})
				return err
			}})
		}
	}
	return distinct(work), nil
}

func distinct(work []removal) []removal {
	seen := map[string]bool{}
	return slices.DeleteFunc(work, func(r removal) bool {
		again := seen[r.name]
		seen[r.name] = true
		return again
	})
}

func (p *Pod) removeEach(ctx context.Context, work []removal) error {
	failures := make([]error, len(work))
	var removing sync.WaitGroup
	for i, r := range work {
		removing.Go(func() { failures[i] = p.removeOne(ctx, r) })
	}
	removing.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return notRemoved(work, failures)
}

func (p *Pod) removeOne(ctx context.Context, r removal) error {
	tell := func(s progress.Status, text string) {
		p.spec.Progress.On(progress.Event{ID: r.name, Status: s, Text: text})
	}
	tell(progress.Working, api.StatusRemoving)
	_, err := backoff.Retry(ctx, func() (bool, error) {
		call, cancel := p.bounded(ctx)
		defer cancel()
		err := r.remove(call)
		if err == nil || errdefs.IsNotFound(err) {
			return true, nil
		}
		if inUse(err) {
			return false, err
		}
		return false, backoff.Permanent(err)
	}, backoff.WithMaxTries(removeTries))
	if err != nil {
		tell(progress.Failed, words(err))
		return err
	}
	tell(progress.Done, api.StatusRemoved)
	return nil
}

// inUse tells what a moment's patience helps with: another removal of the same
// container under way, a network's endpoint or a volume's mount that goes.
func inUse(err error) bool {
	return errdefs.IsConflict(err) || says(err, "is already in progress", "has active endpoints", "volume is in use")
}

func notRemoved(work []removal, failures []error) error {
	var left []string
	for i, err := range failures {
		if err != nil {
			left = append(left, fmt.Sprintf("%s (%s)", work[i].name, words(err)))
		}
	}
	if len(left) == 0 {
		return nil
	}
	return leftBehind(left, errors.Join(failures...))
}

func leftBehind(what []string, err error) error {
	return diag.Fail(diag.Diagnostic{
		Code:    "DCE333",
		Summary: "not everything of the pod could be removed: " + strings.Join(what, ", "),
		Hint:    "run dce down again; if something else uses it, stop that first",
		Cause:   err,
	})
}
