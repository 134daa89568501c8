package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/platforms"
	"github.com/docker/cli/cli/command"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"

	"dce/internal/progress"
)

// pull gets one image from its registry and tells of each layer. When ctx ends
// the engine drops what it has not finished.
func (p *Pod) pull(ctx context.Context, n need) error {
	o, err := p.pullOptions(n)
	if err != nil {
		return err
	}
	step := "image " + n.image
	p.spec.Progress.On(progress.Event{ID: step, Text: api.StatusPulling + " for " + strings.Join(n.services, ", ")})
	stream, err := p.engine.api.ImagePull(ctx, n.image, o)
	if err != nil {
		return err
	}
	defer stream.Close()
	for m, err := range stream.JSONMessages(ctx) {
		if err != nil {
			return err
		}
		if m.Error != nil {
			return errors.New(m.Error.Message)
		}
		if e, ok := layerProgress(step, m); ok {
			p.spec.Progress.On(e)
		}
	}
	p.spec.Progress.On(progress.Event{ID: step, Status: progress.Done, Text: api.StatusPulled})
	return nil
}

func (p *Pod) pullOptions(n need) (client.ImagePullOptions, error) {
	auth, err := command.RetrieveAuthTokenFromImage(p.engine.cli.ConfigFile(), n.image)
	if err != nil {
		return client.ImagePullOptions{}, fmt.Errorf("looking up the registry's credentials: %w", err)
	}
	o := client.ImagePullOptions{RegistryAuth: auth}
	if n.platform != "" {
		platform, err := platforms.Parse(n.platform)
		if err != nil {
			return o, fmt.Errorf("reading platform %q: %w", n.platform, err)
		}
		o.Platforms = append(o.Platforms, platform)
	}
	return o, nil
}

// layerProgress turns one message of a pull into progress. Messages without an
// id are about the whole: the digest, or that all was there.
func layerProgress(parent string, m jsonstream.Message) (progress.Event, bool) {
	if m.ID == "" || strings.HasPrefix(m.Status, "Pulling from") {
		return progress.Event{}, false
	}
	e := progress.Event{ID: m.ID, Parent: parent, Text: m.Status}
	if m.Progress != nil {
		e.Current, e.Total = m.Progress.Current, m.Progress.Total
	}
	switch m.Status {
	case "Pull complete", "Already exists":
		e.Status = progress.Done
	}
	return e, true
}
