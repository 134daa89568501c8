// Package supervisor runs a pod: one goroutine owns the pod.Pod, takes events,
// asks pod.Next what follows, and has the effects done aside. It is the same
// for a pod of this machine and for one of an executor; what differs between
// them is behind Front.
package supervisor

import (
	"context"
	"time"

	"dce/internal/pod"
)

// Engine is what a supervisor needs of the containers' side. Every call may be
// cancelled and returns only when its work in the engine has ended: no
// container appears after a cancelled Start has returned.
type Engine interface {
	// Prepare checks what must exist, pulls and builds.
	Prepare(ctx context.Context) error
	// Start creates and starts all containers in dependency order.
	Start(ctx context.Context) error
	// Stop ends all of the pod's processes in reverse dependency order, each with
	// its own grace, all within the time that until gives: it is called again and
	// again and returns what is left, or a negative time for no bound. Evidence
	// is gathered of the container named, if any.
	Stop(ctx context.Context, until func() time.Duration, evidence string) (pod.Evidence, error)
	// Remove removes what is left of the pod.
	Remove(ctx context.Context) error
	// Watch posts what is observed of the pod's containers until ctx ends: a full
	// list and a Listed after every connection, then each change as it happens;
	// EngineLost and EngineBack around every gap.
	Watch(ctx context.Context, post func(pod.Event))
}

// Front hears where the pod stands. Calls come one at a time, in order.
type Front interface {
	Report(p pod.Pod)
}
