package executor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/mesos/mesos-go/api/v1/lib"
)

// A result is told when it is another one; a look that takes too long has none.
func TestOnlyNewResultsOfACheckAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		statuses := []uint32{200, 200, 503, 0, 503, 503} // 0 never comes
		c := &statusCheck{delay: time.Second, interval: time.Minute, timeout: time.Second, nothing: nothingOf(v1.CheckInfo_HTTP)}
		var looks []time.Duration
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		c.look = func(ctx context.Context) v1.CheckStatusInfo {
			looks = append(looks, time.Since(began))
			result := nothingOf(v1.CheckInfo_HTTP)
			status := statuses[0]
			if statuses = statuses[1:]; len(statuses) == 0 {
				cancel()
			}
			if status == 0 {
				<-ctx.Done()
			}
			result.HTTP.StatusCode = &status
			return result
		}
		var told []uint32
		c.run(ctx, func(i v1.CheckStatusInfo) { told = append(told, i.HTTP.GetStatusCode()) })
		if diff := cmp.Diff([]uint32{200, 503, 0, 503}, told); diff != "" {
			t.Errorf("-want +told:\n%s", diff)
		}
		if looks[0] != time.Second || looks[1] != time.Second+time.Minute || len(looks) != 6 {
			t.Errorf("looked at %v", looks)
		}
	})
}
