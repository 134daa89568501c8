package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"dce/internal/pod"
	"dce/internal/supervisor"
)

// reaction measures how long it takes from the engine's own event that a
// container has ended until the pod begins to stop, and until the engine has
// told the next container so. All times are of one clock.
func (b *bench) reaction(ctx context.Context, r *report) error {
	dir := filepath.Join(b.dir, "pod-2")
	if err := writeProject(dir, waiters(2)); err != nil {
		return err
	}
	timeline := filepath.Join(b.dir, "state", "dce", "pods", podID, "dce-events.jsonl")
	var taken reactions
	for range b.rounds {
		if err := b.up(dir)(ctx); err != nil {
			return err
		}
		died, told, err := b.breakOne(ctx, podID)
		if err != nil {
			return fmt.Errorf("measuring the reaction: %w", err)
		}
		if err := b.gone(ctx); err != nil {
			return err
		}
		if err := taken.add(died, told, timeline); err != nil {
			return err
		}
	}
	taken.report(r, "")
	return nil
}

// reactions are the times of several ends of a container.
type reactions struct{ begins, tells []time.Duration }

// add takes one: when the pod began to stop stands in its timeline.
func (t *reactions) add(died, told time.Time, timeline string) error {
	text, err := os.ReadFile(timeline)
	if err != nil {
		return fmt.Errorf("reading the timeline: %w", err)
	}
	for line := range bytes.Lines(text) {
		var l supervisor.Line
		if err := json.Unmarshal(line, &l); err != nil {
			return fmt.Errorf("reading the timeline: %w", err)
		}
		if l.State == pod.Stopping {
			t.begins, t.tells = append(t.begins, l.Time.Sub(died)), append(t.tells, told.Sub(died))
			return nil
		}
	}
	return errors.New("the timeline does not say that the pod was stopped")
}

func (t *reactions) report(r *report, where string) {
	title := where + "a container has ended (the engine's event) until "
	r.reactions = append(r.reactions,
		reaction{title + "the pod begins to stop", median(t.begins), reactionTarget},
		reaction{title + "the engine has told the next", median(t.tells), 0})
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
