// Package wait waits for a time, or for a context that ends before it.
package wait

import (
	"context"
	"time"
)

// For waits and tells whether the context has lived through it. No time at all
// is not waited for.
func For(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
