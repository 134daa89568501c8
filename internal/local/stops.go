package local

import (
	"context"
	"errors"
	"sync"

	"dce/internal/pod"
)

// Stop is a request to end: a signal. Exit is the exit code that the
// convention gives it.
type Stop struct {
	By   string
	Exit int
}

// errStopped is why a command ends that had not begun to run a pod.
var errStopped = errors.New("interrupted")

// stops turns requests to end into what fits the moment: before the pod's life
// they cancel the work, in it the first stops the pod and the next kills it.
type stops struct {
	mu     sync.Mutex
	count  int
	first  Stop
	cancel context.CancelCauseFunc
	// note is what another dce has left to say with its signal.
	note func() (asked, bool)
	kill func(pod.Kill)
	say  func(format string, args ...any)
}

// listen hears requests until ctx ends.
func (s *stops) listen(ctx context.Context, requests <-chan Stop) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-requests:
			s.hear(r)
		}
	}
}

func (s *stops) hear(r Stop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	kill := pod.Kill{By: r.By}
	if a, ok := s.note(); ok { // a command that was asked for ends well
		r, kill = Stop{By: a.By}, pod.Kill{By: a.By, Grace: a.Grace, Now: a.Now}
	}
	if s.count == 1 {
		s.first = r
	}
	switch {
	case s.kill == nil:
		s.cancel(errStopped)
	case s.count == 1 && !kill.Now:
		s.say("stopping gracefully (%s); press Ctrl-C again to kill", r.By)
		s.kill(kill)
	default:
		s.say("killing")
		kill.Now = true
		s.kill(kill)
	}
}

// living says that a pod lives from now on; nil says that it lives no more. A
// request that came before is passed on.
func (s *stops) living(kill func(pod.Kill)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kill = kill
	if kill != nil && s.count > 0 {
		kill(pod.Kill{By: s.first.By, Now: s.count > 1})
	}
}

// heard is the first request, if there was one.
func (s *stops) heard() (Stop, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first, s.count > 0
}
