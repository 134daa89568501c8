package engine

import (
	"context"
	"sync"
	"time"
)

// bound is the time that a stop may take in all; it can be shortened while the
// stop runs. over is closed when what is left must be killed.
type bound struct {
	until  func() time.Duration
	over   chan struct{}
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

func watchBound(ctx context.Context, until func() time.Duration) *bound {
	b := &bound{until: until, over: make(chan struct{})}
	ctx, b.cancel = context.WithCancel(ctx)
	b.ended.Go(func() { b.watch(ctx) })
	return b
}

func (b *bound) watch(ctx context.Context) {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		if left, ok := b.left(); ok && left <= 0 {
			close(b.over)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// left is what is left before the rest is killed, and whether there is a bound.
func (b *bound) left() (time.Duration, bool) {
	left := b.until()
	if left < 0 {
		return 0, false
	}
	return max(0, left-killAhead), true
}

func (b *bound) close() {
	b.cancel()
	b.ended.Wait()
}
