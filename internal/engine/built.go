package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/client"
)

// RemoveBuilt removes the images that were built for a pod and that its compose
// file gave no name of its own: compose calls them <project>-<service>. One that
// something else uses stays.
func (e *Engine) RemoveBuilt(ctx context.Context, project string) error {
	if project == "" {
		return nil
	}
	call, cancel := e.bounded(ctx)
	defer cancel()
	// The classic builder's images carry no project's label, only compose's own.
	filters := client.Filters{}.Add("label", api.ImageBuilderLabel).Add("reference", project+"-*")
	found, err := e.api.ImageList(call, client.ImageListOptions{Filters: filters})
	if err != nil {
		return classify(fmt.Errorf("listing the pod's images: %w", err), about{host: e.Host()})
	}
	var failures []error
	for _, image := range found.Items {
		for _, tag := range image.RepoTags {
			if !strings.HasPrefix(tag, project+"-") {
				continue
			}
			_, err := e.api.ImageRemove(call, tag, client.ImageRemoveOptions{PruneChildren: true})
			if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
				failures = append(failures, fmt.Errorf("removing image %s: %w", tag, err))
			}
		}
	}
	return classify(errors.Join(failures...), about{host: e.Host()})
}
