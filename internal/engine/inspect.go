package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Inspect is what the engine knows of each container of a pod, by name, as the
// JSON of `docker inspect`. Its environment is in it, secrets too: who keeps it
// takes them out. It is empty when the pod has no container.
func (e *Engine) Inspect(ctx context.Context, podID string) ([]byte, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	own, err := e.list(ctx, client.ContainerListOptions{All: true, Filters: ofPod(podID)})
	if err != nil {
		return nil, err
	}
	var all []container.InspectResponse
	for _, c := range own {
		one, err := e.api.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
		if err := ignoreGone(err); err != nil {
			return nil, classify(fmt.Errorf("looking at a container: %w", err), about{host: e.Host()})
		}
		if err == nil {
			all = append(all, one.Container)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	slices.SortFunc(all, func(a, b container.InspectResponse) int { return cmp.Compare(a.Name, b.Name) })
	out, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing what the engine knows: %w", err)
	}
	return out, nil
}
