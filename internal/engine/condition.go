package engine

import (
	"context"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"dce/internal/progress"
)

// conditionTick is how often a condition is looked at where no event says that
// something changed: the stream may have ended.
const conditionTick = 2 * time.Second

// conditions waits for what depends_on asks of a dependency. compose looks
// every 500 ms; here an event of the container leads to a look at once.
type conditions struct {
	run    *starting
	cancel context.CancelFunc
	ended  sync.WaitGroup
	mu     sync.Mutex
	turn   chan struct{} // closed and made anew with every event
}

func (r *starting) watchConditions(ctx context.Context) *conditions {
	c := &conditions{run: r, turn: make(chan struct{})}
	ctx, c.cancel = context.WithCancel(ctx)
	if !r.anyWaits() {
		return c
	}
	filters := ofProject(r.project.Name).Add("type", "container").Add("event", "die", "health_status")
	stream := r.pod.engine.api.Events(ctx, client.EventsListOptions{Filters: filters})
	c.ended.Go(func() {
		for {
			select {
			case <-stream.Messages:
				c.wake()
			case err := <-stream.Err:
				r.pod.engine.log.Debug("waiting for conditions without events", "pod", r.pod.spec.PodID, "err", err)
				return
			}
		}
	})
	return c
}

func (r *starting) anyWaits() bool {
	for _, edges := range r.edges {
		for _, d := range edges {
			if d.waits() {
				return true
			}
		}
	}
	return false
}

func (c *conditions) close() {
	c.cancel()
	c.ended.Wait()
}

func (c *conditions) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.turn)
	c.turn = make(chan struct{})
}

func (c *conditions) next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.turn
}

// await returns when every container of a dependency has reached its
// condition, or with what keeps it from ever getting there.
func (c *conditions) await(ctx context.Context, service string, d dependency, made []container.Summary) error {
	if !d.waits() {
		return nil
	}
	c.run.tell(service, progress.Working, "Waiting for "+d.on)
	for _, m := range made {
		err := c.awaitOne(ctx, service, d, m.ID)
		if err == nil || ctx.Err() != nil {
			continue
		}
		if !d.optional {
			return err
		}
		c.run.tell(service, progress.Warning, err.Error())
	}
	return context.Cause(ctx)
}

func (c *conditions) awaitOne(ctx context.Context, service string, d dependency, id string) error {
	tick := time.NewTicker(conditionTick)
	defer tick.Stop()
	for {
		turn := c.next() // before the look, so that no event between them is lost
		call, cancel := c.run.pod.bounded(ctx)
		res, err := c.run.client.APIClient.ContainerInspect(call, id, client.ContainerInspectOptions{})
		cancel()
		if err != nil {
			return inService(d.on, err)
		}
		if met, err := meets(d, service, res.Container.State); met || err != nil {
			return err
		}
		select {
		case <-turn:
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// meets says whether a container's state fulfils a dependency, or never will.
func meets(d dependency, service string, s *container.State) (bool, error) {
	if s == nil {
		return false, nil
	}
	ended := s.Status == container.StateExited || s.Status == container.StateDead
	if d.condition == types.ServiceConditionCompletedSuccessfully {
		if ended && s.ExitCode != 0 {
			return false, dependencyEnded(service, d.on, s.ExitCode)
		}
		return ended, nil
	}
	switch {
	case ended:
		return false, dependencyEnded(service, d.on, s.ExitCode)
	case s.Health == nil || s.Health.Status == container.NoHealthcheck:
		return false, dependencyUnchecked(service, d.on)
	case s.Health.Status == container.Unhealthy:
		return false, dependencyUnhealthy(service, d.on)
	}
	return s.Health.Status == container.Healthy, nil
}
