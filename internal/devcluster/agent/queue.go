package agent

import "sync"

// eventQueue holds events between one writer and one reader.
type eventQueue struct {
	mu     sync.Mutex
	events []Event
}

func (q *eventQueue) add(event Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.events = append(q.events, event)
}

func (q *eventQueue) take() []Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.events
	q.events = nil

	return taken
}
