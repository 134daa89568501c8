package mesos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// subscription subscribes once and reads events until the stream ends. It
// returns why it ended, when nothing of it runs any more.
func (s *Session) subscription(ctx context.Context) error {
	var sending sync.WaitGroup
	defer sending.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(s.retry.limit(time.Now()), func() { cancel(errSilent) })
	defer silent.Stop()

	call := s.call(executor.Call_SUBSCRIBE)
	call.Subscribe = s.out.subscribe()
	stream, err := s.agent.subscribe(ctx, call)
	if err != nil {
		return because(ctx, err)
	}
	defer stream.Close()

	start := sync.OnceFunc(func() { sending.Go(func() { s.sendUpdates(ctx) }) })
	in := newRecords(stream, maxRecord)
	for {
		record, err := in.next()
		if err != nil {
			return because(ctx, endOfStream(err))
		}
		silent.Stop()
		s.receive(ctx, record, call.Subscribe, start)
	}
}

// because prefers the reason that ended ctx to the error it caused.
func because(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}

func endOfStream(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the agent has closed the connection")
	}
	return fmt.Errorf("reading the agent's events: %w", err)
}

// receive deals with one record. What cannot be understood is logged and
// passed over: a later Mesos may say more than this one.
func (s *Session) receive(ctx context.Context, record []byte, carried *executor.Call_Subscribe, start func()) {
	ev, err := decode(record)
	if err != nil {
		s.log.ErrorContext(ctx, "an event of the agent cannot be read", "err", err)
		return
	}
	switch ev.Type {
	case executor.Event_SUBSCRIBED:
		s.subscribed(ctx, ev.Subscribed, carried)
		start()
	case executor.Event_LAUNCH:
		s.launch(ctx, []v1.TaskInfo{ev.Launch.Task}, false)
	case executor.Event_LAUNCH_GROUP:
		s.launch(ctx, ev.LaunchGroup.TaskGroup.Tasks, true)
	case executor.Event_KILL:
		s.deliver(ctx, killOf(ev.Kill))
	case executor.Event_ACKNOWLEDGED:
		s.acknowledged(ctx, ev.Acknowledged)
	case executor.Event_MESSAGE:
		s.deliver(ctx, Message{Data: ev.Message.Data})
	case executor.Event_SHUTDOWN:
		s.shutDown(ctx)
		start()
	case executor.Event_ERROR:
		s.log.ErrorContext(ctx, "the agent reports an error", "err", ev.Error.Message)
	case executor.Event_HEARTBEAT:
		s.log.DebugContext(ctx, "heartbeat of the agent")
	default:
		s.log.WarnContext(ctx, "an event of an unknown type is passed over", "type", int32(ev.Type))
	}
}

func (s *Session) subscribed(ctx context.Context, ev *executor.Event_Subscribed, carried *executor.Call_Subscribe) {
	now := time.Now()
	again := !s.retry.held.IsZero()
	s.retry.subscribed(now)
	s.subscribing.recovered(ctx, now)
	s.out.subscribed(carried, ev.FrameworkInfo)
	s.log.InfoContext(ctx, "subscribed with the agent", "again", again, "container_id", ev.GetContainerID().GetValue(),
		"tasks", len(carried.UnacknowledgedTasks), "updates", len(carried.UnacknowledgedUpdates))
	s.deliver(ctx, Subscribed{
		Again:       again,
		Executor:    ev.ExecutorInfo,
		Framework:   ev.FrameworkInfo,
		Agent:       ev.AgentInfo,
		ContainerID: ev.GetContainerID().GetValue(),
	})
}

// launch keeps a copy of each task: the handler owns what it is given.
func (s *Session) launch(ctx context.Context, tasks []v1.TaskInfo, group bool) {
	var fresh []v1.TaskInfo
	for _, t := range tasks {
		var kept v1.TaskInfo
		if err := deepCopy(&kept, &t); err != nil {
			s.log.ErrorContext(ctx, "a task cannot be read", "task_id", t.TaskID.Value, "err", err)
			continue
		}
		if !s.out.launched(kept) {
			s.log.WarnContext(ctx, "a task that runs already is not launched again", "task_id", t.TaskID.Value)
			continue
		}
		fresh = append(fresh, t)
	}
	if len(fresh) > 0 {
		s.deliver(ctx, Launch{Tasks: fresh, Group: group})
	}
}

func (s *Session) acknowledged(ctx context.Context, ev *executor.Event_Acknowledged) {
	if !s.out.acknowledged(ev.UUID) {
		s.log.DebugContext(ctx, "an acknowledgement for no waiting update", "task_id", ev.TaskID.Value)
	}
}

func (s *Session) shutDown(ctx context.Context) {
	if s.out.shutDown() {
		s.log.InfoContext(ctx, "the agent asks the executor to shut down")
		s.deliver(ctx, Shutdown{})
	}
}
