package marathon

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"dce/internal/devcluster/scheduler"
)

// message is one event, ready to be sent.
type message struct {
	kind string
	data []byte
}

// hub hands events to all who listen. Who is too slow is sent away, as by Marathon (1.8 and later).
type hub struct {
	mu        sync.Mutex
	closed    bool
	listeners map[chan message][]string // the types of event each wants; nil means all
}

const backlog = 1000 // events that a listener may be behind; --event_stream_max_outstanding_messages is 50 in Marathon

func newHub() *hub { return &hub{listeners: map[chan message][]string{}} }

// subscribe gives the events from now on. The channel is closed when the listener was too slow, or the hub closes.
func (h *hub) subscribe(kinds []string) (events <-chan message, stop func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := make(chan message, backlog)
	if h.closed {
		close(c)
	} else {
		h.listeners[c] = kinds
	}

	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, c)
	}
}

func (h *hub) publish(m message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c, kinds := range h.listeners {
		if len(kinds) > 0 && !slices.Contains(kinds, m.kind) {
			continue
		}
		select {
		case c <- m:
		default:
			delete(h.listeners, c)
			close(c)
		}
	}
}

// drop sends all listeners away.
func (h *hub) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.listeners {
		delete(h.listeners, c)
		close(c)
	}
}

func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.drop()
}

// publish tells the listeners, unless the event is to be lost.
func (s *Server) publish(t scheduler.Tell) {
	m := messageOf(t)
	if !s.losesEvent(m.kind) {
		s.events.publish(m)
	}
}

func messageOf(t scheduler.Tell) message {
	fields := map[string]any{"eventType": t.Type, "timestamp": t.At}
	maps.Copy(fields, t.Fields)
	data, err := json.Marshal(fields)
	if err != nil {
		panic(err) // a bug: fields hold nothing that JSON cannot
	}

	return message{kind: t.Type, data: data}
}
