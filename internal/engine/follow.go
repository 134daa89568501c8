package engine

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"
)

// follow reads on as long as there is something to read: the containers that
// run, and those that start meanwhile.
func (f *follower) follow(ctx context.Context) error {
	filters := ofPod(f.podID).Add("type", "container").Add("event", "start")
	events, leave := context.WithCancel(ctx)
	defer leave()
	stream := f.engine.api.Events(events, client.EventsListOptions{Filters: filters}) // before the list: nothing starts unseen
	if err := f.listAndRead(ctx); err != nil {
		return err
	}
	until := f.options.Until
	for until != nil || f.reading > 0 {
		select {
		case <-stream.Messages:
			if err := f.listAndRead(ctx); err != nil {
				return err
			}
		case err := <-stream.Err:
			return fmt.Errorf("reading the engine's events: %w", err)
		case <-f.ended:
			f.reading--
		case <-until:
			if err := f.listAndRead(ctx); err != nil { // what started in this very moment
				return err
			}
			until = nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
