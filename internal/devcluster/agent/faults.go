package agent

import (
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// Faults are hooks that make an agent misbehave on the wire. A nil hook, and the zero Fault, mean good behaviour.
// Hooks are called by several goroutines at once and must not call the Agent.
type Faults struct {
	// Call is asked for every call that an executor makes, before it is looked at.
	Call func(call *executor.Call) CallFault
	// Event is asked for every event on its way to an executor, in the order they were made.
	Event func(event *executor.Event) EventFault
}

// CallFault says what goes wrong with one call.
type CallFault struct {
	Delay       time.Duration // before the call is handled
	AnswerDelay time.Duration // between handling it and answering: ACKNOWLEDGED overtakes the 202
	Status      int           // refuse it with this status (503, 500 ...), unhandled; 0 means no
	Drop        bool          // close the connection, unhandled
	LoseAnswer  bool          // handle it, then close the connection instead of answering
}

// EventFault says what goes wrong with one event.
type EventFault struct {
	Delay     time.Duration // before the event, and so before all that follow it
	Lose      bool          // never send it
	Duplicate int           // send it that many times more
	Hold      bool          // send it after the event that follows it
	Cut       int           // send only that many bytes of its record, then close the connection; 0 means no
	Drop      bool          // close the connection instead of sending it
}

// SetFaults changes the faults from now on.
func (a *Agent) SetFaults(f Faults) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = f
}

// DropConnections closes the event stream of every subscribed executor, without an end, as a broken network would.
func (a *Agent) DropConnections() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.executors() {
		e.disconnect(false)
	}
}

func (a *Agent) callFault(call *executor.Call) CallFault {
	a.mu.Lock()
	hook := a.faults.Call
	a.mu.Unlock()
	if hook == nil {
		return CallFault{}
	}

	return hook(call)
}

func (a *Agent) eventFault(event *executor.Event) EventFault {
	a.mu.Lock()
	hook := a.faults.Event
	a.mu.Unlock()
	if hook == nil {
		return EventFault{}
	}

	return hook(event)
}
