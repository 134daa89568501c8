package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"dce/internal/diag"
)

// The kinds of things that pods are made of.
const (
	KindContainer = "container"
	KindNetwork   = "network"
	KindVolume    = "volume"
)

// Thing is a container, a network or a volume on an engine, as a list of them
// tells of it.
type Thing struct {
	Kind   string
	ID     string // a volume's is its name
	Name   string
	Labels map[string]string
	// Image is the id of a container's image.
	Image string
	// Running says that a container's processes live.
	Running bool
	Created time.Time
}

// Containers lists the containers that have a label, whatever its value, by
// one call. They are told by what the list says of them, with the labels that
// mean something to dce: nothing is looked at.
func (e *Engine) Containers(ctx context.Context, label string) ([]Thing, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	all := []Thing{}
	err := e.eachContainer(ctx, label, func(s sparse) { all = append(all, s.thing()) })
	if err != nil {
		return nil, classify(fmt.Errorf("listing containers: %w", err), about{host: e.Host()})
	}
	return all, nil
}

// Resources lists the networks and volumes that have a label, by two calls.
func (e *Engine) Resources(ctx context.Context, label string) ([]Thing, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	filters := client.Filters{}.Add("label", label)
	var networks client.NetworkListResult
	var volumes client.VolumeListResult
	listing, ctx := errgroup.WithContext(ctx)
	listing.Go(func() (err error) {
		networks, err = e.api.NetworkList(ctx, client.NetworkListOptions{Filters: filters})
		return err
	})
	listing.Go(func() (err error) {
		volumes, err = e.api.VolumeList(ctx, client.VolumeListOptions{Filters: filters})
		return err
	})
	if err := listing.Wait(); err != nil {
		return nil, classify(fmt.Errorf("listing networks and volumes: %w", err), about{host: e.Host()})
	}
	var all []Thing
	for _, n := range networks.Items {
		all = append(all, Thing{Kind: KindNetwork, ID: n.ID, Name: n.Name, Labels: n.Labels, Created: n.Created})
	}
	for _, v := range volumes.Items {
		all = append(all, Thing{Kind: KindVolume, ID: v.Name, Name: v.Name, Labels: v.Labels, Created: stamp(v.CreatedAt)})
	}
	return all, nil
}

// Parents are the distinct cgroup parents of containers, by their ids. One that
// is removed meanwhile has none.
func (e *Engine) Parents(ctx context.Context, ids []string) ([]string, error) {
	list := make([]container.Summary, len(ids))
	for i, id := range ids {
		list[i].ID = id
	}
	details, err := e.details(ctx, list)
	if err != nil {
		return nil, classify(err, about{host: e.Host()})
	}
	var parents []string
	seen := map[string]bool{"": true}
	for _, d := range details {
		if !seen[d.CgroupParent] {
			seen[d.CgroupParent] = true
			parents = append(parents, d.CgroupParent)
		}
	}
	return parents, nil
}

// Ended is when the last of containers has ended, by their ids: the zero time
// where one of them lives or none has ever run.
func (e *Engine) Ended(ctx context.Context, ids []string) (time.Time, error) {
	var last time.Time
	for _, id := range ids {
		call, cancel := e.bounded(ctx)
		res, err := e.api.ContainerInspect(call, id, client.ContainerInspectOptions{})
		cancel()
		switch state := res.Container.State; {
		case errdefs.IsNotFound(err) || err == nil && state == nil:
		case err != nil:
			return time.Time{}, classify(fmt.Errorf("looking at a container: %w", err), about{host: e.Host()})
		case state.Running:
			return time.Time{}, nil
		default:
			if at := stamp(state.FinishedAt); at.After(last) {
				last = at
			}
		}
	}
	return last, nil
}

// RequireLocal refuses an engine of another machine: what its labels say of
// processes and locks says nothing here.
func (e *Engine) RequireLocal(ctx context.Context) error {
	info, err := e.Info(ctx)
	if err != nil {
		return err
	}
	if info.Local {
		return nil
	}
	return diag.Fail(diag.Diagnostic{
		Code:    "DCE335",
		Summary: "the engine at " + e.Host() + " is not this machine's",
		Detail:  "whether the process that looks after a pod lives can be seen on its own machine only",
		Hint:    "run the same command there",
	})
}

// Discard stops and removes what a spec selects, within the time that until
// leaves (see supervisor.Engine), whoever made it.
func (e *Engine) Discard(ctx context.Context, s Spec, until func() time.Duration) error {
	p := e.Pod(s)
	if _, err := p.Stop(ctx, until, ""); err != nil {
		return err
	}
	return p.Remove(ctx)
}
