package engine

import (
	"context"
	"slices"

	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
)

// selections are what find the things of this pod: those that carry its labels,
// and those that compose made and dce did not live to label.
func (p *Pod) selections() []client.Filters {
	if p.spec.Carry != nil {
		return []client.Filters{carrying(p.spec.Carry)}
	}
	selections := []client.Filters{ofPod(p.spec.PodID)}
	if p.project != "" {
		selections = append(selections, ofProject(p.project))
	}
	return selections
}

// selected lists by every selection at once. What two of them find is there
// twice.
func selected[T any](ctx context.Context, p *Pod, list func(context.Context, client.Filters) ([]T, error)) ([]T, error) {
	selections := p.selections()
	found := make([][]T, len(selections))
	group, ctx := errgroup.WithContext(ctx)
	for i, filters := range selections {
		group.Go(func() (err error) {
			call, cancel := p.bounded(ctx)
			defer cancel()
			found[i], err = list(call, filters)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}
