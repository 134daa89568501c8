package mesos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// Options are what a session needs beside the environment. The zero value works.
type Options struct {
	// Log takes what happens between executor and agent; nil for nothing.
	Log *slog.Logger
	// UserAgent names the caller to the agent, "dce" when empty.
	UserAgent string
	// Dial opens connections; nil for the network.
	Dial Dialer
}

// Session is an executor's side of its connection with the agent. Its methods
// may be called from any goroutine, from within the handler too.
type Session struct {
	env    Environment
	log    *slog.Logger
	agent  *transport
	out    *outbox
	retry  *retry
	events chan Event
	// subscribing and updating log failures that repeat; each belongs to one
	// goroutine at a time.
	subscribing failures
	updating    failures
}

// eventRoom is how many events wait for a slow handler before the stream is
// left unread, acknowledgements with it.
const eventRoom = 1024

// NewSession prepares a session. Nothing is contacted before Run. The only
// problem it can meet is DCE602, TLS settings that cannot be used.
func NewSession(env Environment, o Options) (*Session, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.UserAgent == "" {
		o.UserAgent = "dce"
	}
	agent, err := newTransport(env, o.UserAgent, o.Dial)
	if err != nil {
		return nil, err
	}
	return &Session{
		env:         env,
		log:         o.Log,
		agent:       agent,
		out:         newOutbox(),
		retry:       newRetry(env),
		events:      make(chan Event, eventRoom),
		subscribing: failures{log: o.Log, call: "SUBSCRIBE"},
		updating:    failures{log: o.Log, call: "UPDATE"},
	}, nil
}

// Run subscribes, keeps the subscription, sends updates and calls handle for
// each event, in order and one at a time. It goes on after a Shutdown, for the
// last updates, until ctx ends; then it returns nil. The only other end is that
// of the agent: after handle has seen Lost, Run returns its error, which carries
// a diagnostic (DCE603 to DCE605). Run is called once.
func (s *Session) Run(ctx context.Context, handle func(Event)) error {
	defer s.agent.close()
	end := make(chan error, 1)
	go func() {
		defer close(s.events)
		end <- s.keep(ctx)
	}()
	for e := range s.events {
		if ctx.Err() == nil {
			handle(e)
		}
	}
	return <-end
}

// Update queues the state of a task. It is delivered in order, over reconnects
// too, until the agent has acknowledged it. After a task's last update it
// returns ErrEnded, after Lost the error of that. TASK_KILLING goes only to
// frameworks with the capability for it and is dropped for others.
func (s *Session) Update(u Update) error {
	status, err := u.status(s.env.ExecutorID, time.Now())
	if err != nil {
		return err
	}
	if err := s.out.add(status); err != nil {
		return fmt.Errorf("updating %s to %s: %w", u.TaskID, u.State, err)
	}
	return nil
}

// Flush waits until every update is acknowledged; after a Shutdown, when an
// agent may never acknowledge, until every update is taken. It returns an error
// when the agent is lost or ctx ends first, and when an agent that is there has
// not acknowledged within that time: it never does for a task that it has
// forgotten. The time of an agent that is away, and looked for, does not count.
func (s *Session) Flush(ctx context.Context, within time.Duration) error {
	if err := s.flush(ctx, within); err != nil {
		return fmt.Errorf("waiting for updates to be acknowledged: %w", err)
	}
	return nil
}

func (s *Session) flush(ctx context.Context, within time.Duration) error {
	var over <-chan time.Time // runs while the agent is there
	for {
		n := s.out.news()
		switch {
		case n.done:
			return nil
		case n.lost != nil:
			return n.lost
		case n.away:
			over = nil
		case over == nil:
			over = time.After(within)
		}
		select {
		case <-n.changed:
		case <-over:
			return errUnacknowledged
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Pending is how many updates the agent has not acknowledged; the channel is
// closed when that may have changed.
func (s *Session) Pending() (n int, changed <-chan struct{}) { return s.out.pending() }

// Message sends bytes to the scheduler, once and without any promise.
func (s *Session) Message(ctx context.Context, data []byte) error {
	call := s.call(executor.Call_MESSAGE)
	call.Message = &executor.Call_Message{Data: data}
	return s.agent.send(ctx, call)
}

func (s *Session) call(t executor.Call_Type) *executor.Call {
	return &executor.Call{
		ExecutorID:  v1.ExecutorID{Value: s.env.ExecutorID},
		FrameworkID: v1.FrameworkID{Value: s.env.FrameworkID},
		Type:        t,
	}
}

// keep holds a subscription until ctx ends or the agent is lost.
func (s *Session) keep(ctx context.Context) error {
	for ctx.Err() == nil {
		err := s.subscription(ctx)
		s.out.rewind()
		if s.out.isShutDown() && !s.env.Checkpoint {
			s.sendUpdates(ctx)
			return nil
		}
		pause, lost := s.judge(ctx, err)
		switch {
		case ctx.Err() != nil:
		case lost != nil:
			s.out.lose(lost)
			s.deliver(ctx, Lost{Err: lost})
			return lost
		default:
			sleep(ctx, pause)
		}
	}
	return nil
}

// judge decides what the end of a subscription means: a pause, or the end.
func (s *Session) judge(ctx context.Context, err error) (time.Duration, error) {
	if final(err) {
		return 0, refusedSubscription(err)
	}
	if ctx.Err() == nil { // else left by its own will: that the stream ended is no failure
		s.subscribing.failed(ctx, time.Now(), err)
	}
	pause, again := s.retry.next(time.Now())
	if !again {
		return 0, lostAgent(err, s.retry.window())
	}
	return pause, nil
}

// deliver hands an event to Run, unless ctx ends first.
func (s *Session) deliver(ctx context.Context, e Event) {
	select {
	case s.events <- e:
	case <-ctx.Done():
	}
}

var (
	errSilent         = errors.New("the agent did not answer in time")
	errUnacknowledged = errors.New("the agent is there and acknowledges nothing")
)
