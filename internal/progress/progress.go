// Package progress is how work says how far it is: small events, sent to a
// sink that the front chose (a redrawn terminal, plain lines, JSON lines,
// nothing, a test's recorder). Work never prints. The event's shape is that of
// Docker Compose, whose users know it.
package progress

// Status says how a step stands.
type Status int

// The statuses of a step.
const (
	Working Status = iota
	Done
	Warning
	Failed
)

// String is the word plain and JSON output use.
func (s Status) String() string {
	switch s {
	case Done:
		return "done"
	case Warning:
		return "warning"
	case Failed:
		return "failed"
	default:
		return "working"
	}
}

// Event is one change of one step. ID names the step and stays the same over
// its life ("web", "image registry/web:1"); Parent groups steps (a layer below
// its image), empty at the top. Current and Total are bytes or counts, zero
// when unknown.
type Event struct {
	ID      string
	Parent  string
	Status  Status
	Text    string
	Current int64
	Total   int64
}

// Sink takes events, from any goroutine, and must not block for long.
type Sink interface {
	On(e Event)
}

// Func makes a sink of a function.
type Func func(Event)

// On calls the function.
func (f Func) On(e Event) { f(e) }

// Discard is the sink for work that nobody watches.
func Discard() Sink { return Func(func(Event) {}) }
