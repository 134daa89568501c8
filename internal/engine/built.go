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

// Built are the images that were built for a pod and that its compose file gave
// no name of its own: compose calls them <project>-<service>.
func (e *Engine) Built(ctx context.Context, project string) ([]string, error) {
	if project == "" {
		return nil, nil
	}
	call, cancel := e.bounded(ctx)
	defer cancel()
	// The classic builder's images carry no project's label, only compose's own.
	filters := client.Filters{}.Add("label", api.ImageBuilderLabel).Add("reference", project+"-*")
	found, err := e.api.ImageList(call, client.ImageListOptions{Filters: filters})
	if err != nil {
		return nil, classify(fmt.Errorf("listing the pod's images: %w", err), about{host: e.Host()})
	}
	var tags []string
	for _, image := range found.Items {
		for _, tag := range image.RepoTags {
			if strings.HasPrefix(tag, project+"-") {
				tags = append(tags, tag)
			}
		}
	}
	return tags, nil
}

// RemoveImages removes images by their tags. One that something else uses stays.
func (e *Engine) RemoveImages(ctx context.Context, tags []string) error {
	call, cancel := e.bounded(ctx)
	defer cancel()
	var failures []error
	for _, tag := range tags {
		_, err := e.api.ImageRemove(call, tag, client.ImageRemoveOptions{PruneChildren: true})
		if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) {
			failures = append(failures, fmt.Errorf("removing image %s: %w", tag, err))
		}
	}
	return classify(errors.Join(failures...), about{host: e.Host()})
}
