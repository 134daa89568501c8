package agent

import (
	"context"
	"net/http"
	"strconv"
	"sync"

	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"dce/internal/wait"
)

// stream is the queue of events of one SUBSCRIBE. It has no lock of Agent: send never blocks.
type stream struct {
	mu     sync.Mutex
	events []*executor.Event
	ended  bool   // no event will follow
	clean  bool   // the end is told (a last chunk), not cut
	ends   func() // called once when it ends
	wake   chan struct{}
}

func newStream() *stream { return &stream{wake: make(chan struct{}, 1)} }

func (s *stream) send(event *executor.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.events = append(s.events, event)
	s.signal()
}

func (s *stream) end(clean bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended, s.clean = true, clean
		if s.ends != nil {
			s.ends()
		}
		s.signal()
	}
}

// onEnd sets what is done when the stream ends, in the place of what was set before.
func (s *stream) onEnd(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = f
	if s.ended {
		f()
	}
}

func (s *stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// next gives the next event; none, with whether the end is a clean one, when there are no more.
// A cut stream ends at once, whatever was queued.
func (s *stream) next(ctx context.Context) (event *executor.Event, clean bool) {
	for {
		s.mu.Lock()
		switch {
		case s.ended && !s.clean:
			s.mu.Unlock()

			return nil, false
		case len(s.events) > 0:
			event, s.events = s.events[0], s.events[1:]
			s.mu.Unlock()

			return event, false
		case s.ended:
			s.mu.Unlock()

			return nil, true
		}
		s.mu.Unlock()

		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// eventWriter writes events as RecordIO, one record to one HTTP chunk, and does to them what the faults say.
type eventWriter struct {
	w      http.ResponseWriter
	encode func(*executor.Event) ([]byte, error)
	fault  func(*executor.Event) EventFault
	held   []*executor.Event
}

// run writes until the stream ends; the handler that called it must abort the connection when it returns false.
func (w *eventWriter) run(ctx context.Context, s *stream) (clean bool) {
	w.w.WriteHeader(http.StatusOK)
	if http.NewResponseController(w.w).Flush() != nil {
		return false
	}
	for {
		event, clean := s.next(ctx)
		if event == nil {
			return clean
		}
		if !w.write(ctx, event) {
			return false
		}
	}
}

func (w *eventWriter) write(ctx context.Context, event *executor.Event) bool {
	f := w.fault(event)
	if !wait.For(ctx, f.Delay) || f.Drop {
		return false
	}
	if f.Lose {
		return true
	}
	if f.Hold {
		w.held = append(w.held, event)

		return true
	}

	for range 1 + f.Duplicate {
		if !w.record(event, f.Cut) {
			return false
		}
	}
	for _, late := range w.held {
		if !w.record(late, 0) {
			return false
		}
	}
	w.held = nil

	return true
}

// record writes one record, or the first cut bytes of it.
func (w *eventWriter) record(event *executor.Event, cut int) bool {
	data, err := w.encode(event)
	if err != nil {
		return false
	}
	record := strconv.AppendInt(nil, int64(len(data)), 10)
	record = append(append(record, '\n'), data...)
	if cut > 0 && cut < len(record) {
		record = record[:cut]
	}
	if _, err := w.w.Write(record); err != nil {
		return false
	}

	return http.NewResponseController(w.w).Flush() == nil && cut == 0
}
