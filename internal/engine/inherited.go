package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"dce/internal/render"
)

// ImageLabels are the labels of an image that mean something to dce, by its id;
// false where the engine does not have it any more. Containers inherit them: one
// that somebody runs of an image that was committed from a pod's container carries
// all of the pod's.
func (e *Engine) ImageLabels(ctx context.Context, id string) (labels map[string]string, found bool, err error) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	if id == "" {
		return nil, false, nil
	}
	switch err = e.look(ctx, "/images/"+id+"/json", fields{"Config": fields{"Labels": labelsInto(&labels)}}); {
	case errdefs.IsNotFound(err):
		return nil, false, nil
	case err != nil:
		return nil, false, classify(fmt.Errorf("looking at an image: %w", err), about{host: e.Host()})
	}
	return labels, true, nil
}

// HandRun names the containers that carry a pod's label and have it from their
// image. Nothing here takes them for the pod's.
func (e *Engine) HandRun(ctx context.Context, podID string) ([]string, error) {
	call, cancel := e.bounded(ctx)
	defer cancel()
	res, err := e.api.ContainerList(call, client.ContainerListOptions{All: true, Filters: ofPod(podID)})
	if err != nil {
		return nil, classify(fmt.Errorf("listing containers: %w", err), about{host: e.Host()})
	}
	own, err := e.own(ctx, res.Items)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range res.Items {
		if !slices.ContainsFunc(own, func(o container.Summary) bool { return o.ID == c.ID }) {
			names = append(names, nameOf(c))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Origins tells where the labels of containers come from, and looks at each of
// their images once.
type Origins struct {
	look   func(ctx context.Context, id string) (labels map[string]string, found bool, err error)
	images map[string]image
}

type image struct {
	labels map[string]string
	found  bool
}

// NewOrigins makes one that looks at images as Engine.ImageLabels does.
func NewOrigins(look func(ctx context.Context, id string) (map[string]string, bool, error)) *Origins {
	return &Origins{look: look, images: map[string]image{}}
}

// Of reports whether a container has its labels from its image, and whether that
// is sure: of an image that is gone it is not.
func (o *Origins) Of(ctx context.Context, imageID string, labels map[string]string) (inherited, sure bool, err error) {
	known, ok := o.images[imageID]
	if !ok {
		if known.labels, known.found, err = o.look(ctx, imageID); err != nil {
			return false, false, err
		}
		o.images[imageID] = known
	}
	return render.FromImage(labels, known.labels), known.found, nil
}

// list gives the containers that filters find, without those that have their labels
// from their image.
func (e *Engine) list(ctx context.Context, o client.ContainerListOptions) ([]container.Summary, error) {
	call, cancel := e.bounded(ctx)
	defer cancel()
	res, err := e.api.ContainerList(call, o)
	if err != nil {
		return nil, classify(fmt.Errorf("listing containers: %w", err), about{host: e.Host()})
	}
	return e.own(ctx, res.Items)
}

// own leaves out the containers that have their labels from their image. One that
// has the name which compose gives it is not looked at: whoever runs another of
// its image gives that another name.
func (e *Engine) own(ctx context.Context, list []container.Summary) ([]container.Summary, error) {
	looks := NewOrigins(e.ImageLabels)
	var own []container.Summary
	for _, c := range list {
		if composed(c) {
			own = append(own, c)
			continue
		}
		inherited, _, err := looks.Of(ctx, c.ImageID, c.Labels)
		if err != nil {
			return nil, err
		}
		if !inherited {
			own = append(own, c)
		}
	}
	return own, nil
}

func composed(c container.Summary) bool {
	n, err := strconv.Atoi(c.Labels[api.ContainerNumberLabel])
	return err == nil && nameOf(c) == containerName(c.Labels[api.ProjectLabel], c.Labels[api.ServiceLabel], n)
}

// own does the same for a pod. Of one that was judged an orphan every container
// is looked at, and what cannot be told is left out. Of one that somebody takes
// down that goes, also where the engine has trouble: no stop fails for want of a
// look.
func (p *Pod) own(ctx context.Context, list []container.Summary) ([]container.Summary, error) {
	looks := NewOrigins(p.engine.ImageLabels)
	careful := p.spec.Carry != nil
	var own []container.Summary
	for _, c := range list {
		if !careful && (composed(c) || p.services[nameOf(c)] != "") {
			own = append(own, c)
			continue
		}
		inherited, sure, err := looks.Of(ctx, c.ImageID, c.Labels)
		if err != nil && careful {
			return nil, err
		}
		if !inherited && (sure || !careful) {
			own = append(own, c)
		}
	}
	return own, nil
}
