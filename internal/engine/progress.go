package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/docker/compose/v5/pkg/api"

	"dce/internal/progress"
)

func containerName(project, service string, number int) string {
	return fmt.Sprintf("%s%s%s%s%d", project, api.Separator, service, api.Separator, number)
}

// relay turns compose's events into progress. What compose says of starting is
// left out: starts are scheduled by us and told by us.
type relay struct {
	to       progress.Sink
	services map[string]string
}

// Start implements api.EventProcessor.
func (relay) Start(context.Context, string) {}

// Done implements api.EventProcessor.
func (relay) Done(string, bool) {}

// On implements api.EventProcessor.
func (r relay) On(events ...api.Resource) {
	for _, e := range events {
		if e.Text == api.StatusStarting || e.Text == api.StatusStarted || e.ID == api.ResourceCompose {
			continue
		}
		r.to.On(progress.Event{
			ID:      r.step(e.ID),
			Parent:  r.step(e.ParentID),
			Status:  status(e.Status),
			Text:    strings.TrimSpace(e.Text + " " + e.Details),
			Current: e.Current,
			Total:   e.Total,
		})
	}
}

// step names a step as a person knows it: "Container x-web-1" is the service
// web, "Network y" is network y.
func (r relay) step(id string) string {
	kind, name, ok := strings.Cut(id, " ")
	if !ok {
		return id
	}
	if kind == "Container" {
		if service := r.services[name]; service != "" {
			return service
		}
		return name
	}
	return strings.ToLower(kind) + " " + name
}

func status(s api.EventStatus) progress.Status {
	switch s {
	case api.Done:
		return progress.Done
	case api.Warning:
		return progress.Warning
	case api.Error:
		return progress.Failed
	default:
		return progress.Working
	}
}
