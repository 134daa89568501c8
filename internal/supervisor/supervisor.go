// Package supervisor runs a pod: one goroutine owns the pod.Pod, takes events,
// asks pod.Next what follows, and has the effects done aside. It is the same
// for a pod of this machine and for one of an executor; what differs between
// them is behind Front.
//
// The loop never blocks: events come through a mailbox without bound, the
// engine's work runs in goroutines that post their result as an event, and
// reports and the timeline are written by a goroutine of their own.
package supervisor

import (
	"context"
	"io"
	"log/slog"
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

// Front hears where the pod stands. Calls come one at a time, in order, from
// another goroutine than the loop's; they may take their time.
type Front interface {
	Report(p pod.Pod)
}

// Options are what a supervisor works with. Engine and Front are needed.
type Options struct {
	Engine Engine
	Front  Front
	Rules  pod.Rules
	// Log takes each state change and each effect with its duration; nil is silence.
	Log *slog.Logger
	// Events takes the timeline, one JSON object a line (Line); nil is none.
	Events io.Writer
	// Reach hears when the engine is lost (false) and when it is back; nil is
	// nobody. It is called as Front is.
	Reach func(back bool)
	// Away reports after a stop whether the engine is going, or was out of reach
	// by what the stop returned; nil is never.
	Away func(ctx context.Context, stop error) bool
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Supervisor runs one pod, once.
type Supervisor struct {
	o    Options
	mail *mailbox[message]
}

// message is what reaches the loop: an event of the pod, and what the loop
// must know about where it comes from.
type message struct {
	event pod.Event
	// timer is which setting of its timer ran out, for TimedOut from within.
	timer int
	// done says that the engine's work under way has returned with this event.
	done bool
}

// New makes a supervisor for a pod that is idle.
func New(o Options) *Supervisor {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Supervisor{o: o, mail: newMailbox[message]()}
}

// Post tells the pod of an event. It never blocks, may be called from any
// goroutine, before Run and after its end (then it does nothing).
func (s *Supervisor) Post(e pod.Event) { s.mail.put(message{event: e}) }

// Run takes the pod through its life and returns what became of it, when the
// last effect has ended and everything has been reported. A cancelled ctx means
// leaving the pod as it is: the work under way is cancelled and waited for,
// nothing is stopped. To end the pod, post a Kill.
func (s *Supervisor) Run(ctx context.Context) pod.Pod {
	defer s.mail.close()
	ctx, leave := context.WithCancelCause(ctx)
	l := newLoop(ctx, leave, s)
	defer l.end()

	for {
		select {
		case <-ctx.Done():
			return l.pod
		case <-s.mail.ready:
		}
		messages, _ := s.mail.take()
		for _, m := range messages {
			l.handle(ctx, m)
			if l.over {
				return l.pod
			}
		}
	}
}
