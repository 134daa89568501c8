package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/volume"
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
	found, err := e.sparseContainers(ctx, client.Filters{}.Add("label", label))
	if err != nil {
		return nil, classify(fmt.Errorf("listing containers: %w", err), about{host: e.Host()})
	}
	all := []Thing{}
	for _, c := range found {
		all = append(all, Thing{
			Kind: KindContainer, ID: c.ID, Name: nameOf(c), Labels: c.Labels, Image: c.ImageID,
			Running: alive(c), Created: time.Unix(c.Created, 0),
		})
	}
	return all, nil
}

// Resources lists the networks and volumes that have a label, by two calls, as
// Containers does.
func (e *Engine) Resources(ctx context.Context, label string) ([]Thing, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	filters := client.Filters{}.Add("label", label)
	var networks []network.Summary
	var volumes []volume.Volume
	listing, ctx := errgroup.WithContext(ctx)
	listing.Go(func() (err error) {
		networks, err = e.sparseNetworks(ctx, filters)
		return err
	})
	listing.Go(func() (err error) {
		volumes, err = e.sparseVolumes(ctx, filters)
		return err
	})
	if err := listing.Wait(); err != nil {
		return nil, classify(fmt.Errorf("listing networks and volumes: %w", err), about{host: e.Host()})
	}
	var all []Thing
	for _, n := range networks {
		all = append(all, Thing{Kind: KindNetwork, ID: n.ID, Name: n.Name, Labels: n.Labels, Created: n.Created})
	}
	for _, v := range volumes {
		all = append(all, Thing{Kind: KindVolume, ID: v.Name, Name: v.Name, Labels: v.Labels, Created: stamp(v.CreatedAt)})
	}
	return all, nil
}

// Parents are the distinct cgroup parents of containers, by their ids. One that
// is removed meanwhile has none.
func (e *Engine) Parents(ctx context.Context, ids []string) ([]string, error) {
	found := make([]string, len(ids))
	looking, ctx := errgroup.WithContext(ctx)
	looking.SetLimit(8)
	for i, id := range ids {
		looking.Go(func() error {
			call, cancel := e.bounded(ctx)
			defer cancel()
			return ignoreGone(e.lookAtContainer(call, id, fields{"HostConfig": fields{"CgroupParent": &found[i]}}))
		})
	}
	if err := looking.Wait(); err != nil {
		return nil, classify(fmt.Errorf("looking at containers: %w", err), about{host: e.Host()})
	}
	var parents []string
	for _, p := range found {
		if p != "" && !slices.Contains(parents, p) {
			parents = append(parents, p)
		}
	}
	return parents, nil
}

// Ended is when the last of containers has ended, by their ids: the zero time
// where one of them lives or none has ever run.
func (e *Engine) Ended(ctx context.Context, ids []string) (time.Time, error) {
	var last time.Time
	for _, id := range ids {
		running, finished := false, ""
		call, cancel := e.bounded(ctx)
		err := e.lookAtContainer(call, id, fields{"State": fields{"Running": &running, "FinishedAt": &finished}})
		cancel()
		switch {
		case ignoreGone(err) != nil:
			return time.Time{}, classify(fmt.Errorf("looking at a container: %w", err), about{host: e.Host()})
		case running:
			return time.Time{}, nil
		}
		if at := stamp(finished); at.After(last) {
			last = at
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
