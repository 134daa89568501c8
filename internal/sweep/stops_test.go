//go:build linux

package sweep

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"dce/internal/engine"
	"dce/internal/lease"
)

// An engine that is asked to stop a hundred containers at once may never answer
// again. A host can have any number of orphans, and a pod any number of
// containers.
func TestASweepStopsAFewContainersAtOnce(t *testing.T) {
	dir := swept(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		h := &host{stop: time.Second}
		for n := range 200 {
			for range []int{1, 3, 5, 60}[n%4] {
				h.things = append(h.things, pod(fmt.Sprint("p", n), lease.Identity{BootID: "former"}))
			}
		}
		r := h.sweep(t, dir, Options{})
		if len(r.Orphans) != 200 || len(h.things) > 0 || h.most > stopsAtOnce {
			t.Errorf("%d orphans, %d things left, %d stopped at once", len(r.Orphans), len(h.things), h.most)
		}
		if h.most < stopsAtOnce/2 {
			t.Errorf("only %d were stopped at once", h.most)
		}
	})
}

// A service may ask for any grace, and an orphan that takes it holds up others.
func TestNoOrphanIsWaitedForWithoutEnd(t *testing.T) {
	long := 2 * mostGrace
	for name, test := range map[string]struct {
		grace *time.Duration
		want  time.Duration
	}{
		"without a grace":   {want: mostGrace},
		"by the operator's": {grace: &long, want: long},
	} {
		t.Run(name, func(t *testing.T) {
			h := &host{things: []engine.Thing{pod("p", lease.Identity{BootID: "former"})}}
			h.sweep(t, swept(t, t.TempDir()), Options{Grace: test.grace})
			if h.bound > test.want || h.bound < test.want-time.Minute {
				t.Errorf("it had %s", h.bound)
			}
		})
	}
}
