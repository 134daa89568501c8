package life

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"dce/internal/diag"
	"dce/internal/pod"
	"dce/internal/supervisor"
)

// away is an engine that is away until it is back.
type away struct {
	supervisor.Engine

	back  time.Time
	heard bool // the loss was noticed
}

func (a away) Watch(_ context.Context, post func(pod.Event)) {
	if a.heard {
		post(pod.EngineLost{})
	}
}

func (a away) Stop(context.Context, func() time.Duration, string) (pod.Evidence, error) {
	if time.Now().Before(a.back) {
		return pod.Evidence{}, diag.Fail(diag.Diagnostic{Code: "DCE301", Summary: "no Docker engine answers"})
	}
	return pod.Evidence{Logs: []string{"bye"}}, nil
}

func TestAStopWaitsForAnEngineThatIsAway(t *testing.T) {
	for name, tt := range map[string]struct {
		lost, back time.Duration // before and after the stop
		unheard    bool
		bound      time.Duration
		leaves     bool
		want       time.Duration
		stopped    bool
	}{
		"until it is back":                      {back: 10 * time.Second, want: 10 * time.Second, stopped: true},
		"for as long as it may be away":         {back: time.Hour, want: time.Minute},
		"the time before the stop counts":       {lost: 50 * time.Second, back: time.Hour, want: 10 * time.Second},
		"not at all where that is over":         {lost: time.Minute, back: time.Hour},
		"also where nobody has noticed":         {unheard: true, back: time.Hour, want: time.Minute},
		"longer than the pod may take":          {back: 10 * time.Second, bound: 3 * time.Second, want: 10 * time.Second, stopped: true},
		"not longer, where somebody sits there": {back: 10 * time.Second, bound: 3 * time.Second, leaves: true, want: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at := time.Now()
				stop := at.Add(tt.lost)
				r := &recorder{Engine: away{back: stop.Add(tt.back), heard: !tt.unheard}, patience: time.Minute, leaves: tt.leaves}
				r.Watch(t.Context(), func(pod.Event) {})
				<-time.After(tt.lost)
				until := func() time.Duration {
					if tt.bound == 0 {
						return -1
					}
					return max(0, time.Until(stop.Add(tt.bound)))
				}
				found, err := r.Stop(t.Context(), until, "")
				if took := time.Since(stop); took != tt.want || (err == nil) != tt.stopped || (len(found.Logs) > 0) != tt.stopped {
					t.Errorf("%v after %v, want stopped: %v after %v", err, took, tt.stopped, tt.want)
				}
				if !r.wasMissed() && tt.back > 0 {
					t.Error("that the engine was away is not known")
				}
			})
		})
	}
}

func (a away) Remove(ctx context.Context) error {
	_, err := a.Stop(ctx, nil, "")
	return err
}

func TestTheRemovalDoesNotWaitOnceMoreForTheEngine(t *testing.T) {
	none := func() time.Duration { return 0 }
	for name, tt := range map[string]struct {
		leaves bool
		back   time.Duration
		want   time.Duration // of both
	}{
		"that the stop has waited for":  {back: time.Hour, want: time.Minute + awayPause},
		"but for the time that is left": {leaves: true, back: time.Hour, want: time.Minute},
		"unless it was back":            {back: 10 * time.Second, want: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				r := &recorder{Engine: away{back: began.Add(tt.back)}, patience: time.Minute, leaves: tt.leaves}
				_, stopped := r.Stop(t.Context(), none, "")
				removed := r.Remove(t.Context())
				if took := time.Since(began); took != tt.want || (stopped == nil) != (removed == nil) {
					t.Errorf("%v and %v after %v, want %v", stopped, removed, took, tt.want)
				}
			})
		})
	}
}

func TestAStopThatIsLeftWaitsForNoEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		began := time.Now()
		r := &recorder{Engine: away{back: began.Add(time.Hour)}, patience: time.Minute}
		if _, err := r.Stop(ctx, func() time.Duration { return -1 }, ""); err == nil || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
