package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// reaction measures how long it takes from the engine's own event that a
// container has ended until the engine is told to stop the next one. Both
// times are the engine's.
func (b *bench) reaction(ctx context.Context, r *report) error {
	dir := filepath.Join(b.dir, "pod-2")
	if err := writeProject(dir, waiters(2)); err != nil {
		return err
	}
	var taken []time.Duration
	for range b.rounds {
		d, err := b.react(ctx, dir)
		if err != nil {
			return fmt.Errorf("measuring the reaction: %w", err)
		}
		taken = append(taken, d)
	}
	r.reactions = append(r.reactions,
		reaction{"a container has ended (the engine's event) until the engine is told to stop the next", median(taken), reactionTarget})
	return nil
}

func (b *bench) react(ctx context.Context, dir string) (time.Duration, error) {
	if err := b.up(dir)(ctx); err != nil {
		return 0, err
	}
	died, told, err := b.breakOne(ctx, podID)
	if err != nil {
		return 0, err
	}
	return told.Sub(died), b.gone(ctx)
}

// watch reads events until it has seen the victim die and the next be told to.
func watch(ctx context.Context, stream client.EventsResult, victim string) (died, told time.Time, err error) {
	for died.IsZero() || told.IsZero() {
		select {
		case e := <-stream.Messages:
			at := time.Unix(0, e.TimeNano)
			switch {
			case e.Action == events.ActionDie && e.Actor.ID == victim:
				died = at
			case e.Action == events.ActionKill && e.Actor.ID != victim && told.IsZero():
				told = at
			}
		case err := <-stream.Err:
			return died, told, fmt.Errorf("reading events: %w", err)
		case <-ctx.Done():
			return died, told, ctx.Err()
		}
	}
	return died, told, nil
}

func (b *bench) container(ctx context.Context, podID, service string) (string, error) {
	filters := make(client.Filters).Add("label", "dce.pod="+podID).Add("label", "com.docker.compose.service="+service)
	list, err := b.engine.ContainerList(ctx, client.ContainerListOptions{Filters: filters})
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", service, err)
	}
	if len(list.Items) != 1 {
		return "", fmt.Errorf("finding %s: %d containers", service, len(list.Items))
	}
	return list.Items[0].ID, nil
}

// gone waits until no container of the pod is left.
func (b *bench) gone(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	filters := make(client.Filters).Add("label", "dce.pod="+podID)
	for {
		list, err := b.engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filters})
		if err != nil {
			return fmt.Errorf("listing the pod: %w", err)
		}
		if len(list.Items) == 0 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return errors.New("the pod has not gone")
		}
	}
}
