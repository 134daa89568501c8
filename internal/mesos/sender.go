package mesos

import (
	"context"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// resendPause is how long an update rests that could not be handed over while
// the subscription stands.
const resendPause = 250 * time.Millisecond

// sendUpdates posts updates as they come, one at a time so that their order is
// kept, until ctx ends. It does not wait for acknowledgements in between.
func (s *Session) sendUpdates(ctx context.Context) {
	for {
		status, ok, changed := s.out.next()
		switch {
		case ok && !s.sendUpdate(ctx, status):
			return
		case ok:
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// sendUpdate posts one update, false when ctx has ended.
func (s *Session) sendUpdate(ctx context.Context, status v1.TaskStatus) bool {
	call := s.call(executor.Call_UPDATE)
	call.Update = &executor.Call_Update{Status: status}
	err := s.agent.send(ctx, call)
	switch {
	case err == nil:
		s.updating.recovered(ctx, time.Now())
		s.log.DebugContext(ctx, "update sent", "task_id", status.TaskID.Value, "state", status.GetState().String())
		s.out.sent(status.UUID)
	case ctx.Err() != nil:
	case rejected(err):
		s.log.ErrorContext(ctx, "the agent rejects an update", "task_id", status.TaskID.Value, "state", status.GetState().String(), "err", err)
		s.out.refused(status.UUID)
	default:
		s.updating.failed(ctx, time.Now(), err)
		return sleep(ctx, resendPause)
	}
	return ctx.Err() == nil
}
