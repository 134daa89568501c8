package rest

import (
	"math"
	"runtime"
	"runtime/debug"
	"sync"
)

const (
	// usualPercent is how much a heap grows between two collections by default.
	usualPercent = 100
	// leastGrowth is what the smallest heap may grow, as by default.
	leastGrowth = 4 << 20
)

// pace has the garbage collected when it has grown, and never because time has
// passed: Go's collector runs every two minutes in a process that sleeps, 2 ms
// each time, and touches pages that were given back. A memory limit takes the
// place of the percentage, and is set anew after each collection to what the
// percentage would allow.
type pace struct {
	mu   sync.Mutex
	over bool
}

// mark is an object that nothing refers to, so each collection finds it.
type mark struct{ pace *pace }

func slowDown() *pace {
	p := &pace{}
	debug.SetGCPercent(-1)
	p.collected(&mark{p})
	return p
}

// collected is called after a collection.
func (p *pace) collected(m *mark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	debug.SetMemoryLimit(limit(now))
	runtime.SetFinalizer(m, func(m *mark) { m.pace.collected(m) })
}

// limit is what the program may hold before the next collection.
func limit(m runtime.MemStats) int64 {
	growth := max(m.HeapAlloc*usualPercent/100, leastGrowth)
	return int64(min(m.Sys-m.HeapReleased+growth, math.MaxInt64))
}

// end gives the collector its own pace back.
func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	debug.SetMemoryLimit(math.MaxInt64)
	debug.SetGCPercent(usualPercent)
}
