// Package rest makes a process small and quiet that has done its work and only
// waits: a monitor or an executor whose pod runs. Life calls it; it knows
// nothing of pods.
package rest

import (
	"runtime/debug"
	"sync"
	"time"
)

// settle gives back memory that a process at rest does not need: what the heap
// has freed, and the pages of the program itself that were touched. Those are
// mapped again from the page cache, or read from the file, when they are
// needed. Of the 32 MB that a monitor holds after starting a pod 24 are such
// pages, and after this 9 MB are left.
func settle() {
	debug.FreeOSMemory()
	dropProgram()
}

// Sleeper settles the process some time after the last work, once it has begun
// to rest.
type Sleeper struct {
	after  time.Duration
	settle func()

	mu    sync.Mutex
	timer *time.Timer // nil while not at rest
	pace  *pace
}

// NewSleeper makes a sleeper that waits that long after the last work.
func NewSleeper(after time.Duration) *Sleeper { return &Sleeper{after: after, settle: settle} }

// Begin says that from now on there is nothing to do but wait.
func (s *Sleeper) Begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Reset(s.after)
		return
	}
	s.pace = slowDown()
	s.timer = time.AfterFunc(s.after, s.rest)
}

// Worked says that something was done that touched memory.
func (s *Sleeper) Worked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Reset(s.after)
	}
}

func (s *Sleeper) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.settle()
	}
}

// End says that there is work again. Nothing is settled once it has returned.
func (s *Sleeper) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer == nil {
		return
	}
	s.timer.Stop()
	s.timer = nil
	s.pace.end()
}
