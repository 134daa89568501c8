package sweep

import (
	"maps"
	"sync"

	"golang.org/x/sync/semaphore"

	"dce/internal/reap"
)

// removals are what the sweeps of one process remove at the same time: each pod
// once, and of all their containers a few.
type removals struct {
	places *semaphore.Weighted
	mu     sync.Mutex
	pods   map[reap.Owner]bool
}

func newRemovals() *removals {
	return &removals{places: semaphore.NewWeighted(stopsAtOnce), pods: map[reap.Owner]bool{}}
}

// underWay are the pods that are being removed now.
func (r *removals) underWay() map[reap.Owner]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.pods)
}

// begin reports whether nobody else removes a pod: who asks does from now on.
func (r *removals) begin(p reap.Pod) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pods[p.Owner] {
		return false
	}
	r.pods[p.Owner] = true
	return true
}

func (r *removals) end(p reap.Pod) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pods, p.Owner)
}
