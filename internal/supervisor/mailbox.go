package supervisor

import "sync"

// mailbox is a queue without bound for many writers and one reader: putting
// never blocks, so that no source of events ever waits for the pod's loop, and
// the loop never waits for a front.
type mailbox[T any] struct {
	mu     sync.Mutex
	items  []T
	closed bool
	ready  chan struct{} // one token: there is something to take
}

func newMailbox[T any]() *mailbox[T] {
	return &mailbox[T]{ready: make(chan struct{}, 1)}
}

// put adds an item; into a closed mailbox it goes nowhere.
func (m *mailbox[T]) put(item T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	m.items = append(m.items, item)
	m.wake()
}

// close ends the mailbox; what is in it can still be taken.
func (m *mailbox[T]) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.wake()
}

func (m *mailbox[T]) wake() {
	select {
	case m.ready <- struct{}{}:
	default: // the token is there already
	}
}

// take returns what has come in and whether the mailbox is closed.
func (m *mailbox[T]) take() ([]T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	items := m.items
	m.items = nil
	return items, m.closed
}
