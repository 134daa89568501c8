package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"dce/internal/diag"
	"dce/internal/pod"
	"dce/internal/progress"
)

const (
	// defaultGrace is the engine's own for a container without stop_grace_period.
	defaultGrace = 10 * time.Second
	// mostGrace is the longest that is given. What files and labels ask for may be
	// any number, so long that a clock cannot count it.
	mostGrace = 24 * time.Hour
	// killAhead is how long before the end of a bound the rest is killed: a kill
	// takes 40 to 190 ms in the engine (reference/compose.md section 6), more when
	// many pods go at once.
	killAhead = 500 * time.Millisecond
	// killTime bounds a kill. The engine itself gives up on a process that does
	// not die (a frozen cgroup) after 10 to 15 s.
	killTime = 20 * time.Second
	// glance is how often a bound that may be shortened meanwhile is looked at.
	glance = 50 * time.Millisecond
)

// Stop implements supervisor.Engine. It needs nothing but the pod's labels, so
// it also works for a pod that was found.
func (p *Pod) Stop(ctx context.Context, until func() time.Duration, evidence string) (pod.Evidence, error) {
	containers := p.roster.containers()
	listed := len(containers) == 0
	if listed {
		var err error
		if containers, err = p.containers(ctx); err != nil {
			return pod.Evidence{}, classify(err, about{host: p.engine.Host()})
		}
	}
	var found pod.Evidence
	var gathering sync.WaitGroup
	if evidence != "" {
		gathering.Go(func() { found = p.evidence(ctx, containers, evidence) })
	}
	err := p.stopAll(ctx, containers, listed, until)
	gathering.Wait()
	return found, err
}

// containers lists all containers of the pod, also those that have ended.
func (p *Pod) containers(ctx context.Context) ([]container.Summary, error) {
	found, err := selected(ctx, p, p.engine.sparseContainers)
	if err != nil {
		return nil, fmt.Errorf("listing the pod's containers: %w", err)
	}
	var all []container.Summary
	for _, c := range found {
		known := slices.ContainsFunc(all, func(o container.Summary) bool { return o.ID == c.ID })
		if !known && p.mine(c.Labels) {
			all = append(all, c)
		}
	}
	return p.own(ctx, all)
}

func alive(c container.Summary) bool {
	return c.State == container.StateRunning || c.State == container.StatePaused || c.State == container.StateRestarting
}

// stopAll stops what lives, dependents first, and looks again until nothing
// lives by the engine's own list: a container may have been started while that
// was read, and one that has ended has its ports until it is listed as such.
func (p *Pod) stopAll(ctx context.Context, containers []container.Summary, listed bool, until func() time.Duration) error {
	var failed error
	for range 3 {
		living := slices.DeleteFunc(slices.Clone(containers), func(c container.Summary) bool { return !alive(c) })
		if len(living) == 0 && listed {
			return nil
		}
		failed = p.stopOnce(ctx, living, until)
		listed = true
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var err error
		if containers, err = p.containers(ctx); err != nil {
			return classify(err, about{host: p.engine.Host()})
		}
	}
	names := []string{}
	for _, c := range containers {
		if alive(c) {
			names = append(names, p.serviceOf(c))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return unstoppable(names, failed)
}

func unstoppable(names []string, err error) error {
	slices.Sort(names)
	d := diag.Diagnostic{
		Code:    "DCE332",
		Summary: "the engine could not stop " + strings.Join(names, ", "),
		Detail:  "a process that does not end although it was killed sits in a frozen cgroup or waits for a disk",
		Hint:    "see the state of its processes: docker top NAME; a frozen cgroup is thawed by writing THAWED to its freezer.state",
		Cause:   err,
	}
	if err != nil {
		d.Detail += ": " + words(err)
	}
	return diag.Fail(d)
}

// serviceOf names a container for a person.
func (p *Pod) serviceOf(c container.Summary) string {
	if s := c.Labels[api.ServiceLabel]; s != "" {
		return s
	}
	return nameOf(c)
}

func nameOf(c container.Summary) string {
	for _, n := range c.Names {
		if strings.Count(n, "/") == 1 { // others are links' aliases
			return n[1:]
		}
	}
	return c.ID[:min(12, len(c.ID))]
}

// stopOnce stops every container given as soon as those that need it have
// ended.
func (p *Pod) stopOnce(ctx context.Context, living []container.Summary, until func() time.Duration) error {
	bound := watchBound(ctx, until)
	defer bound.close()
	needs := dependents(living)
	ended := make([]chan struct{}, len(living))
	for i := range ended {
		ended[i] = make(chan struct{})
	}
	failures := make([]error, len(living))
	slots := make(chan struct{}, max(1, cmp.Or(p.spec.StopsAtOnce, len(living))))
	var stopping sync.WaitGroup
	for i, c := range living {
		stopping.Go(func() {
			defer close(ended[i])
			for _, d := range needs[i] {
				select {
				case <-ended[d]:
				case <-bound.over: // no more order: all go now
				}
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			failures[i] = p.stopContainer(ctx, c, bound)
		})
	}
	stopping.Wait()
	return errors.Join(failures...)
}

func (p *Pod) stopContainer(ctx context.Context, c container.Summary, bound *bound) error {
	service := p.serviceOf(c)
	tell := func(s progress.Status, text string) {
		p.spec.Progress.On(progress.Event{ID: service, Status: s, Text: text})
	}
	tell(progress.Working, api.StatusStopping)
	var killing sync.WaitGroup
	stopped := make(chan struct{})
	killing.Go(func() {
		select {
		case <-stopped:
		case <-bound.over:
			tell(progress.Working, api.StatusKilling)
			p.kill(ctx, c.ID)
		}
	})
	err := p.ask(ctx, c, bound)
	close(stopped)
	killing.Wait()
	if err != nil {
		tell(progress.Failed, words(err))
		return fmt.Errorf("stopping %s: %w", service, err)
	}
	tell(progress.Done, api.StatusStopped)
	return nil
}

// ask stops one container by its own signal and grace. The engine's answer
// means that it has ended and its ports are free.
func (p *Pod) ask(ctx context.Context, c container.Summary, bound *bound) error {
	grace := p.graceOf(ctx, c)
	if left, ok := bound.left(); ok {
		grace = min(grace, left)
	}
	seconds := int(math.Ceil(grace.Seconds()))
	call, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+killTime)
	defer cancel()
	_, err := p.engine.api.ContainerStop(call, c.ID, client.ContainerStopOptions{Timeout: &seconds})
	if errdefs.IsNotFound(err) || errdefs.IsNotModified(err) {
		return nil
	}
	return err
}

// graceOf is the container's own stop_grace_period. Where the project is not
// known the container is looked at; one that cannot be has the engine's default.
func (p *Pod) graceOf(ctx context.Context, c container.Summary) time.Duration {
	if s, ok := p.service(c); ok {
		if s.StopGracePeriod == nil {
			return defaultGrace
		}
		return graceOfSeconds(int(math.Ceil(time.Duration(*s.StopGracePeriod).Seconds())))
	}
	call, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var seconds *int
	err := p.engine.lookAtContainer(call, c.ID, fields{"Config": fields{"StopTimeout": &seconds}})
	if err != nil || seconds == nil {
		return defaultGrace
	}
	return graceOfSeconds(*seconds)
}

// graceOfSeconds is a grace that the engine tells. One below zero is for ever.
func graceOfSeconds(n int) time.Duration {
	if n < 0 || n > int(mostGrace/time.Second) {
		return mostGrace
	}
	return time.Duration(n) * time.Second
}

// service is what the project says of a container, if it is known.
func (p *Pod) service(c container.Summary) (types.ServiceConfig, bool) {
	if p.spec.Project == nil {
		return types.ServiceConfig{}, false
	}
	s, ok := p.spec.Project.Services[c.Labels[api.ServiceLabel]]
	return s, ok
}

// kill ends a container at once. Its error is left to the stop that waits
// beside it, and to the look afterwards.
func (p *Pod) kill(ctx context.Context, id string) {
	call, cancel := context.WithTimeout(ctx, killTime)
	defer cancel()
	if _, err := p.engine.api.ContainerKill(call, id, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		p.engine.log.Debug("killing a container", "container_id", id, "err", err)
	}
}
