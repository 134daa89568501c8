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
	retries := 0
	if c := res.Container.Config; c != nil && c.Healthcheck != nil {
		retries = c.Healthcheck.Retries
	}
	return clip(strings.TrimSpace(telling(res.Container.State.Health.Log, retries)))
}

// telling is what the last healthcheck said. The first to fail after one that did
// not says nothing of why the container ended, unless one is enough to be
// unhealthy: it was under way when the container ended. The engine calls every
// container that has ended unhealthy (20.10.24, CloseMonitorChannel).
func telling(log []*container.HealthcheckResult, retries int) string {
	n := len(log)
	if n == 0 {
		return ""
	}
	if first := n > 1 && log[n-1].ExitCode != 0 && log[n-2].ExitCode == 0; first && retries != 1 {
		return ""
	}
	return log[n-1].Output
}

func clip(text string) string {
	if len(text) <= evidenceText {
		return text
	}
	return strings.ToValidUTF8(text[:evidenceText], "") + " ..."
}
