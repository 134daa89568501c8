package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"dce/internal/pod"
	"dce/internal/progress"
)

// A monitor and whoever started it speak JSON lines: requests through the
// monitor's standard input, answers through a pipe of their own. Whoever started
// it may go at any time; the monitor goes on without.

// request is what a monitor is told. One field is set.
type request struct {
	Keep *hello    `json:"keep,omitempty"` // take the lease
	Run  *order    `json:"run,omitempty"`  // bring a pod up
	Kill *pod.Kill `json:"kill,omitempty"`
}

// hello is which pod a monitor is to keep.
type hello struct {
	ID   string `json:"id"`
	Dirs Dirs   `json:"dirs"`
}

// answer is what a monitor says. One field is set.
type answer struct {
	// Ready says that it has the lease; Held that another process has it.
	Ready    bool            `json:"ready,omitempty"`
	Held     bool            `json:"held,omitempty"`
	Progress *progress.Event `json:"progress,omitempty"`
	State    pod.State       `json:"state,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Ended    *outcome        `json:"ended,omitempty"`
	Failed   []problem       `json:"failed,omitempty"` // the monitor could not do its work
}

// writer sends values one a line, from one goroutine: nobody who has something
// to say waits for the other side to read it. After the first error, or a
// close, it says nothing more.
type writer[T any] struct {
	queue chan T
	done  chan struct{}
}

// queued is how much may wait for a reader that is slow or suspended before
// what is said is lost: the progress of a large pull, most of all.
const queued = 4096

func newWriter[T any](to io.WriteCloser) *writer[T] {
	w := &writer[T]{queue: make(chan T, queued), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		defer to.Close()
		encoder := json.NewEncoder(to)
		var broken error
		for v := range w.queue {
			if broken == nil {
				broken = encoder.Encode(v)
			}
		}
	}()
	return w
}

// say queues a value; it is dropped when too much waits already.
func (w *writer[T]) say(v T) {
	select {
	case w.queue <- v:
	default:
	}
}

// close sends what waits and closes the pipe. Nothing may be said after it.
func (w *writer[T]) close() {
	close(w.queue)
	<-w.done
}

// readEach decodes values until the pipe ends.
func readEach[T any](from io.Reader, each func(T)) error {
	decoder := json.NewDecoder(from)
	for {
		var v T
		switch err := decoder.Decode(&v); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading what the other process says: %w", err)
		}
		each(v)
	}
}
