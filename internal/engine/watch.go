package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"dce/internal/pod"
)

const (
	// lookTime bounds a look at one container. The engine answers in a
	// millisecond, or after the start or stop under way.
	lookTime = 5 * time.Second
	// reconnectMax is the longest pause between two tries to reach the engine.
	reconnectMax = 5 * time.Second
)

// Watch implements supervisor.Engine. Every connection subscribes first and
// lists then: events of a gap are lost for good, also where the engine was not
// restarted.
func (p *Pod) Watch(ctx context.Context, post func(pod.Event)) {
	w := &watching{pod: p, post: post, known: map[string]pod.Container{}, oom: map[string]bool{}, foreign: map[string]bool{}}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 100*time.Millisecond, reconnectMax
	for ctx.Err() == nil {
		err := w.connection(ctx, pause.Reset)
		if ctx.Err() != nil {
			return
		}
		if !w.lost {
			w.lost = true
			post(pod.EngineLost{Err: words(err)})
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause.NextBackOff()):
		}
	}
}

// watching is one run of Watch.
type watching struct {
	pod   *Pod
	post  func(pod.Event)
	lost  bool
	known map[string]pod.Container // what was posted last, by container id
	oom   map[string]bool          // containers with an oom event in this life, by id
	// foreign are containers with names of their own: whether they run an image
	// that has the pod's labels, by id.
	foreign map[string]bool
}

// connection lives as long as one event stream. up is called once all is
// listed.
func (w *watching) connection(ctx context.Context, up func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := w.subscribe(ctx, cancel)
	if err != nil {
		return err
	}
	observed, names, err := w.list(ctx)
	if err != nil {
		return err
	}
	if w.lost {
		w.lost = false
		w.post(pod.EngineBack{})
	}
	for _, c := range observed {
		w.post(pod.Observed{Container: c})
	}
	w.post(pod.Listed{Names: names})
	up()
	beat := time.NewTicker(w.pod.spec.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case m := <-stream.Messages:
			w.event(ctx, m)
			w.pod.spec.Woken()
		case err := <-stream.Err:
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return fmt.Errorf("reading the engine's events: %w", err)
		case <-beat.C:
			if err := w.alive(ctx); err != nil {
				return err
			}
			w.pod.spec.Woken()
		}
	}
}

// subscribe opens the event stream; the client returns when the engine has
// begun to answer, which an engine that hangs never does.
func (w *watching) subscribe(ctx context.Context, cancel context.CancelCauseFunc) (client.EventsResult, error) {
	timer := time.AfterFunc(w.pod.spec.CallTimeout, func() {
		cancel(fmt.Errorf("subscribing to the engine's events: %w", context.DeadlineExceeded))
	})
	defer timer.Stop()
	filters := ofPod(w.pod.spec.PodID).Add("type", "container").
		Add("event", "start", "die", "oom", "health_status", "destroy")
	stream := w.pod.engine.api.Events(ctx, client.EventsListOptions{Filters: filters})
	select {
	case err := <-stream.Err:
		return stream, fmt.Errorf("subscribing to the engine's events: %w", err)
	default:
		return stream, nil
	}
}

func (w *watching) alive(ctx context.Context) error {
	ctx, cancel := w.pod.bounded(ctx)
	defer cancel()
	if _, err := w.pod.engine.api.Ping(ctx, client.PingOptions{}); err != nil {
		return fmt.Errorf("asking the engine whether it is there: %w", err)
	}
	return nil
}

func (w *watching) list(ctx context.Context) ([]pod.Container, []string, error) {
	call, cancel := w.pod.bounded(ctx)
	defer cancel()
	res, err := w.pod.engine.api.ContainerList(call, client.ContainerListOptions{All: true, Filters: ofPod(w.pod.spec.PodID)})
	if err != nil {
		return nil, nil, fmt.Errorf("listing the pod's containers: %w", err)
	}
	clear(w.known)
	var observed []pod.Container
	names := []string{}
	own, err := w.pod.own(ctx, res.Items)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range own {
		if w.pod.stranger(c.Labels) {
			continue
		}
		look, err := w.look(ctx, c.ID)
		if err != nil && ignoreGone(err) == nil {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("looking at %s: %w", nameOf(c), err)
		}
		w.known[c.ID] = observe(c.Labels[api.ServiceLabel], nameOf(c), look)
		w.pod.roster.saw(c.ID, w.known[c.ID].State)
		observed = append(observed, w.known[c.ID])
		names = append(names, nameOf(c))
	}
	return observed, names, nil
}

func (w *watching) look(ctx context.Context, id string) (container.InspectResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	res, err := w.pod.engine.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	return res.Container, err
}

// event posts what one event of the engine says. A container is looked at
// only where the event does not say all: whether a new one has a healthcheck.
func (w *watching) event(ctx context.Context, m events.Message) {
	id := m.Actor.ID
	if w.pod.stranger(m.Actor.Attributes) || w.handRun(ctx, m) {
		return
	}
	if m.Action == events.ActionOOM {
		w.victim(id)
		return
	}
	was, known := w.known[id]
	c, says := apply(was, m)
	if !says {
		return
	}
	switch {
	case m.Action == events.ActionStart && !known:
		if look, err := w.look(ctx, id); err == nil && look.State != nil && look.State.Health != nil {
			c.Healthcheck, c.Health = true, pod.HealthStarting // what the look says beyond that are the next events
		}
	case m.Action == events.ActionDie && c.ExitCode == killed:
		// The oom event comes 35 to 50 ms before the die (reference/compose.md
		// section 5i), or behind it on a busy machine. A look would say no more, and
		// would wait for the engine to have cleaned up behind the container: 60 to
		// 100 ms that the pod has to stop.
		c.OOMKilled = w.oom[id]
	}
	if c.State != pod.Up {
		delete(w.oom, id)
	}
	w.known[id] = c
	w.pod.roster.saw(id, c.State)
	if c.State == pod.Gone {
		delete(w.known, id)
	}
	w.post(pod.Observed{Container: c})
}

// handRun reports whether an event is of a container that has the pod's labels
// from its image: it is nothing to the pod how that one ends. The events of the
// pod's own containers need no look.
func (w *watching) handRun(ctx context.Context, m events.Message) bool {
	id, name := m.Actor.ID, m.Actor.Attributes["name"]
	if _, known := w.known[id]; known || w.pod.spec.Project == nil || w.pod.services[name] != "" {
		return false
	}
	if is, told := w.foreign[id]; told {
		return is
	}
	look, err := w.look(ctx, id)
	switch {
	case errdefs.IsNotFound(err): // of a run with --rm
		w.foreign[id] = true
	case err == nil && look.Config != nil:
		own, err := w.pod.own(ctx, []container.Summary{{
			ID: id, Names: []string{"/" + name}, ImageID: look.Image, Labels: look.Config.Labels,
		}})
		w.foreign[id] = err == nil && len(own) == 0
	}
	return w.foreign[id]
}

// victim notes an oom event of a container. The two ways by which containerd
// hears of an OOM and of an end are not ordered: where the end was told already,
// it is told again with its reason.
func (w *watching) victim(id string) {
	c, known := w.known[id]
	if !known || c.State != pod.Exited {
		w.oom[id] = true
		return
	}
	if c.ExitCode == killed && !c.OOMKilled {
		c.OOMKilled = true
		w.known[id] = c
		w.post(pod.Observed{Container: c})
	}
}
