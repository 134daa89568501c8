package engine

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"
)

// Holder is a container that publishes a port.
type Holder struct {
	Container string
	Port      PublishedPort
}

// PublishedPorts lists the ports that any running container of the engine
// publishes, of pods or not.
func (e *Engine) PublishedPorts(ctx context.Context) ([]Holder, error) {
	call, cancel := e.bounded(ctx)
	defer cancel()
	res, err := e.api.ContainerList(call, client.ContainerListOptions{})
	if err != nil {
		return nil, classify(fmt.Errorf("listing containers: %w", err), about{host: e.Host()})
	}
	var all []Holder
	for _, c := range res.Items {
		for _, p := range ports(c) {
			all = append(all, Holder{Container: nameOf(c), Port: p})
		}
	}
	return all, nil
}
