package local

import (
	"context"
	"os"
	"path/filepath"

	"dce/internal/project"
	"dce/internal/render"
)

// owners leads from a port of the pod to the service whose it is: the rendered
// file says so on the ports that infra publishes. Without that file (another
// user's pod) nothing is known.
func (m *Machine) owners(ctx context.Context, id string) map[portKey]string {
	owners := map[portKey]string{}
	rendered, err := os.ReadFile(filepath.Join(m.Dirs.pod(id), renderedFile))
	if err != nil {
		return owners
	}
	p, err := project.LoadRendered(ctx, rendered)
	if err != nil {
		return owners
	}
	for _, r := range render.PublishedPorts(p) {
		for _, port := range r.Ports {
			owners[portKey{port.ContainerPort, port.Protocol}] = port.Service
		}
	}
	return owners
}
