package engine

import (
	"context"

	"dce/internal/pod"
)

// EachChange calls do whenever something of a pod has changed, or may have (a
// connection was lost), until ctx ends.
func (e *Engine) EachChange(ctx context.Context, podID string, do func()) {
	e.Pod(Spec{PodID: podID}).Watch(ctx, func(pod.Event) { do() })
}
