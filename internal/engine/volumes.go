package engine

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"
)

// Volume is a volume as it was made: its settings are never changed after that.
type Volume struct {
	Name, Driver string
	Options      map[string]string
}

// Volumes lists the volumes that have a label, by one call.
func (e *Engine) Volumes(ctx context.Context, label string) ([]Volume, error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	res, err := e.api.VolumeList(ctx, client.VolumeListOptions{Filters: client.Filters{}.Add("label", label)})
	if err != nil {
		return nil, classify(fmt.Errorf("listing volumes: %w", err), about{host: e.Host()})
	}
	var all []Volume
	for _, v := range res.Items {
		all = append(all, Volume{Name: v.Name, Driver: v.Driver, Options: v.Options})
	}
	return all, nil
}
