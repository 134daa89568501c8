package mesos

import (
	"errors"
	"fmt"
	"slices"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// Event is something the agent tells its executor. The types are Subscribed,
// Launch, Kill, Message, Shutdown and Lost; acknowledgements, heartbeats and
// the agent's errors are dealt with in the session.
type Event interface{ event() }

// Subscribed comes first, and again after every reconnect; what was launched
// before runs on and is not launched again.
type Subscribed struct {
	Again       bool
	Executor    v1.ExecutorInfo
	Framework   v1.FrameworkInfo
	Agent       v1.AgentInfo
	ContainerID string
}

// Capable reports whether the framework has declared a capability.
func (s Subscribed) Capable(c v1.FrameworkInfo_Capability_Type) bool {
	return capable(s.Framework, c)
}

func capable(f v1.FrameworkInfo, c v1.FrameworkInfo_Capability_Type) bool {
	return slices.ContainsFunc(f.Capabilities, func(have v1.FrameworkInfo_Capability) bool { return have.Type == c })
}

// Launch asks for tasks: one, or with Group the several of a task group. No
// task comes twice before it has ended.
type Launch struct {
	Tasks []v1.TaskInfo
	Group bool
}

// Kill asks for the end of one task. It may come at any time, repeatedly, and
// for a task that is not known. Grace is that of the kill itself, nil when the
// scheduler gave none: then the task's own kill policy holds.
type Kill struct {
	TaskID string
	Grace  *time.Duration
}

// Message carries bytes from the scheduler.
type Message struct{ Data []byte }

// Shutdown asks the executor to stop all tasks, send their last updates and
// exit, all within Environment.ShutdownGrace: SIGKILL follows. It comes once,
// and may be the first event of all.
type Shutdown struct{}

// Lost says that the agent is gone for good or has refused the executor: stop
// all tasks and exit, no update can be delivered. It is always the last event;
// Run returns the same error.
type Lost struct{ Err error }

func (Subscribed) event() {}
func (Launch) event()     {}
func (Kill) event()       {}
func (Message) event()    {}
func (Shutdown) event()   {}
func (Lost) event()       {}

// decode reads one record. The generated code of mesos-go v0.0.11 predates the
// fix of CVE-2021-3121 and panics on a field length near 2^63: an error here.
func decode(record []byte) (ev *executor.Event, err error) {
	defer func() {
		if r := recover(); r != nil {
			ev, err = nil, fmt.Errorf("decoding an event of %d bytes: %v", len(record), r)
		}
	}()
	ev = &executor.Event{}
	if err := ev.Unmarshal(record); err != nil {
		return nil, fmt.Errorf("decoding an event of %d bytes: %w", len(record), err)
	}
	return ev, complete(ev)
}

var errEmptyEvent = errors.New("the event lacks the part that its type announces")

// complete holds that the part of the union that the type names is there.
func complete(ev *executor.Event) error {
	missing := false
	switch ev.Type {
	case executor.Event_SUBSCRIBED:
		missing = ev.Subscribed == nil
	case executor.Event_LAUNCH:
		missing = ev.Launch == nil
	case executor.Event_LAUNCH_GROUP:
		missing = ev.LaunchGroup == nil
	case executor.Event_KILL:
		missing = ev.Kill == nil
	case executor.Event_ACKNOWLEDGED:
		missing = ev.Acknowledged == nil
	case executor.Event_MESSAGE:
		missing = ev.Message == nil
	case executor.Event_ERROR:
		missing = ev.Error == nil
	default:
	}
	if missing {
		return fmt.Errorf("%s: %w", ev.Type, errEmptyEvent)
	}
	return nil
}

func killOf(k *executor.Event_Kill) Kill {
	kill := Kill{TaskID: k.TaskID.Value}
	if p := k.KillPolicy; p != nil && p.GracePeriod != nil {
		grace := time.Duration(p.GracePeriod.Nanoseconds)
		kill.Grace = &grace
	}
	return kill
}
