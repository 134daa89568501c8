package rest

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASettledProcessGoesOn(t *testing.T) {
	computed := "computed at " + time.Now().String()
	kept := computed
	settle()
	settle()
	if kept != computed {
		t.Errorf("got %q", kept)
	}
}

func TestItSettlesWhenNothingWasDoneForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var settled atomic.Int32
		s := NewSleeper(2 * time.Second)
		s.settle = func() { settled.Add(1) }
		want := func(n int32, when string) {
			t.Helper()
			if got := settled.Load(); got != n {
				t.Errorf("%s: settled %d times, want %d", when, got, n)
			}
		}
		s.Worked()
		<-time.After(time.Minute)
		want(0, "before it rests")

		s.Begin()
		<-time.After(time.Second)
		s.Worked()
		<-time.After(1900 * time.Millisecond)
		want(0, "amid work")
		<-time.After(200 * time.Millisecond)
		want(1, "after the work")
		<-time.After(time.Hour)
		want(1, "at rest")
		s.Worked()
		<-time.After(time.Minute)
		want(2, "after more work")

		s.Begin()
		s.End()
		s.Worked()
		<-time.After(time.Minute)
		want(2, "when it is over")
	})
}

func TestGarbageIsCollectedWithoutAClock(t *testing.T) {
	p := slowDown()
	defer p.end()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 64 {
		sink = make([]byte, 1<<20)
	}
	runtime.ReadMemStats(&after)
	if after.NumGC == before.NumGC {
		t.Error("64 MB of garbage were made and never collected")
	}
}

// sink keeps the compiler from leaving out what a test allocates.
var sink []byte

func TestTheLimitFollowsWhatLives(t *testing.T) {
	p := slowDown()
	defer p.end()
	alive := make([][]byte, 0, 64)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 64 {
		alive = append(alive, make([]byte, 1<<20))
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(alive)
	// A limit that stays below what lives has it collected at every allocation.
	if runs := after.NumGC - before.NumGC; runs > 32 {
		t.Errorf("collected %d times for 64 MB that live", runs)
	}
}
