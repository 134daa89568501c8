package engine

import (
	"context"
	"reflect"
	"slices"
	"sync"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/client"
	"github.com/moby/moby/client/pkg/versions"
)

// foresight asks the engine at once what compose asks one after the other before
// it makes anything (v5.5.1: reconcile's images and pkg/compose/observed_state.go):
// of a pod of infra and two, a tenth of what is not spent in the engine. What
// compose asks otherwise is passed on.
type foresight struct {
	ping       client.PingResult
	containers *ahead[client.ContainerListResult]
	networks   *ahead[client.NetworkListResult]
	volumes    *ahead[client.VolumeListResult]
	images     map[string]*ahead[client.ImageInspectResult]
	// imageOptions are those that images were asked for with.
	imageOptions []client.ImageInspectOption
}

// foresee begins to ask. The tracker waits for the answers in any case.
func (t *tracker) foresee(ctx context.Context, project string, images []string) {
	e, of := t.pod.engine.api, ofProject(project)
	made := client.ContainerListOptions{All: true, Filters: ofProject(project).Add("label", api.ConfigHashLabel)}
	networks, volumes := client.NetworkListOptions{Filters: of}, client.VolumeListOptions{Filters: of}
	t.foreseen = foresight{
		ping: t.pod.engine.ping,
		containers: ask(ctx, t, made, func(ctx context.Context) (client.ContainerListResult, error) {
			return e.ContainerList(ctx, made)
		}),
		networks: ask(ctx, t, networks, func(ctx context.Context) (client.NetworkListResult, error) {
			return e.NetworkList(ctx, networks)
		}),
		volumes: ask(ctx, t, volumes, func(ctx context.Context) (client.VolumeListResult, error) {
			return e.VolumeList(ctx, volumes)
		}),
		images: map[string]*ahead[client.ImageInspectResult]{}, imageOptions: imageOptions(e.ClientVersion()),
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(images))) {
		t.foreseen.images[name] = ask(ctx, t, name, func(ctx context.Context) (client.ImageInspectResult, error) {
			return e.ImageInspect(ctx, name, t.foreseen.imageOptions...)
		})
	}
}

// imageOptions are those that compose looks at images with (v5.5.1
// pkg/compose/images.go, manifestsSupported).
func imageOptions(apiVersion string) []client.ImageInspectOption {
	if versions.LessThan(apiVersion, "1.48") {
		return nil
	}
	return []client.ImageInspectOption{client.ImageInspectWithManifests(true)}
}

// ahead is an answer that was asked for before it is wanted.
type ahead[T any] struct {
	question any
	done     chan struct{}
	answer   T
	err      error
	once     sync.Once
}

func ask[T any](ctx context.Context, t *tracker, question any, call func(context.Context) (T, error)) *ahead[T] {
	a := &ahead[T]{question: question, done: make(chan struct{})}
	t.inflight.Go(func() {
		defer close(a.done)
		ctx, cancel := t.pod.bounded(ctx)
		defer cancel()
		a.answer, a.err = call(ctx)
	})
	return a
}

// take gives the answer to the same question, once: it is only true for a moment.
func (a *ahead[T]) take(question any) (answer T, ok bool) {
	if a == nil || !reflect.DeepEqual(question, a.question) {
		return answer, false
	}
	a.once.Do(func() {
		<-a.done
		answer, ok = a.answer, a.err == nil // else the question is asked, and its error told
	})
	return answer, ok
}

// Ping implements client.APIClient: the engine has told its API version.
func (t *tracker) Ping(context.Context, client.PingOptions) (client.PingResult, error) {
	return t.foreseen.ping, nil
}

// ContainerList implements client.APIClient. Compose would take a container that
// somebody runs of an image with the project's labels for a service's.
func (t *tracker) ContainerList(ctx context.Context, o client.ContainerListOptions) (client.ContainerListResult, error) {
	res, ok := t.foreseen.containers.take(o)
	if !ok {
		var err error
		if res, err = t.APIClient.ContainerList(ctx, o); err != nil {
			return res, err
		}
	}
	own, err := t.pod.own(ctx, res.Items)
	res.Items = own
	return res, err
}

// NetworkList implements client.APIClient.
func (t *tracker) NetworkList(ctx context.Context, o client.NetworkListOptions) (client.NetworkListResult, error) {
	if known, ok := t.foreseen.networks.take(o); ok {
		return known, nil
	}
	return t.APIClient.NetworkList(ctx, o)
}

// VolumeList implements client.APIClient.
func (t *tracker) VolumeList(ctx context.Context, o client.VolumeListOptions) (client.VolumeListResult, error) {
	if known, ok := t.foreseen.volumes.take(o); ok {
		return known, nil
	}
	return t.APIClient.VolumeList(ctx, o)
}

// ImageInspect implements client.APIClient.
func (t *tracker) ImageInspect(ctx context.Context, name string, o ...client.ImageInspectOption) (client.ImageInspectResult, error) {
	if len(o) == len(t.foreseen.imageOptions) {
		if known, ok := t.foreseen.images[name].take(name); ok {
			return known, nil
		}
	}
	return t.APIClient.ImageInspect(ctx, name, o...)
}
