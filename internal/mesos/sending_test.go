package mesos

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// held is a log whose writer waits at one message, so that what writes it can
// be held there.
type held struct {
	slog.Handler

	message  string
	reached  chan struct{}
	released chan struct{}
}

func (held) Enabled(context.Context, slog.Level) bool { return true }

func (h held) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		select {
		case h.reached <- struct{}{}:
			<-h.released
		default: // it was held once
		}
	}
	return nil
}

// Two senders at once would send updates out of their order, and one of the
// last connection would mark as sent what the agent of this one has never had:
// there is no new subscription before the sender of the old one has returned.
func TestNoSubscriptionBeforeTheLastSenderHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := held{slog.DiscardHandler, "update sent", make(chan struct{}, 1), make(chan struct{})}
		env, err := ParseEnvironment(append(minimalEnvironment(), checkpointing()...))
		if err != nil {
			t.Fatal(err)
		}
		b := &bench{T: t, agent: newScripted(), events: make(chan Event, 10_000), ended: make(chan error, 1)}
		if b.session, err = NewSession(env, Options{Dial: b.agent.dial, Log: slog.New(h)}); err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		go func() { b.ended <- b.session.Run(ctx, func(e Event) { b.events <- e }) }()
		defer func() {
			leave()
			b.agent.close()
			if err := <-b.ended; err != nil {
				t.Error(err)
			}
		}()

		b.accept()
		if err := b.session.Update(Update{TaskID: "a", State: v1.TASK_RUNNING}); err != nil {
			t.Fatal(err)
		}
		r, _ := b.expect(executor.Call_UPDATE)
		b.write(r, accepted())
		<-h.reached
		b.agent.cut()
		<-time.After(time.Minute)
		select {
		case r := <-b.agent.requests:
			t.Errorf("%s while the last sender is still at work", r.call(t).Type)
		default:
		}
		close(h.released)
		if _, again := b.expect(executor.Call_SUBSCRIBE); len(again.Subscribe.UnacknowledgedUpdates) != 1 {
			t.Errorf("%d updates are carried, want the one that nobody has acknowledged", len(again.Subscribe.UnacknowledgedUpdates))
		}
	})
}
