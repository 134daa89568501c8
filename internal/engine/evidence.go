package engine

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"dce/internal/pod"
)

const (
	evidenceLines = 20
	// evidenceTime bounds the reading, so that a stop never waits for it.
	evidenceTime = 5 * time.Second
	// evidenceText bounds one line or health output, in bytes.
	evidenceText = 4 << 10
)

// evidence reads what helps to understand why a container failed: its last log
// lines and what its healthcheck said last. What cannot be read is left out.
func (p *Pod) evidence(ctx context.Context, all []container.Summary, name string) pod.Evidence {
	ctx, cancel := context.WithTimeout(ctx, evidenceTime)
	defer cancel()
	var e pod.Evidence
	for _, c := range all {
		if nameOf(c) != name {
			continue
		}
		e.Health = p.lastHealth(ctx, c.ID)
		err := p.engine.read(ctx, c, LogOptions{Tail: strconv.Itoa(evidenceLines)}, func(l LogLine) {
			e.Logs = append(e.Logs, clip(l.Text))
		})
		if err != nil {
			p.engine.log.Debug("reading the last log lines", "container_id", c.ID, "err", err)
		}
	}
	return e
}

func (p *Pod) lastHealth(ctx context.Context, id string) string {
	res, err := p.engine.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil || res.Container.State == nil || res.Container.State.Health == nil {
		return ""
	}
	log := res.Container.State.Health.Log
	if len(log) == 0 {
		return ""
	}
	return clip(strings.TrimSpace(log[len(log)-1].Output))
}

func clip(text string) string {
	if len(text) <= evidenceText {
		return text
	}
	return strings.ToValidUTF8(text[:evidenceText], "") + " ..."
}
