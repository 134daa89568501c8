package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stage is a scheduler that does what it is told, and who watches it.
type stage struct {
	version int
	applied []string
	last    Release // that was applied
	// observe tells how the app stands at a version.
	observe func(version int) (Observation, error)
	refuse  []error // what each Apply comes to first
	events  []Event
	said    []string
}

func (s *stage) Current(context.Context) (*Release, error) { return nil, nil } //nolint:nilnil // none

func (s *stage) Apply(_ context.Context, r Release, o ApplyOptions) (Deployment, error) {
	if len(s.refuse) > 0 {
		err := s.refuse[0]
		s.refuse = s.refuse[1:]
		if err != nil {
			return Deployment{}, err
		}
	}
	s.version++
	s.last = r
	s.applied = append(s.applied, fmt.Sprintf("%s x%d over %q force %v replaces %q", r.Definition, r.Instances, o.Over, o.Force, r.Origin.Replaces))
	return Deployment{ID: fmt.Sprintf("d%d", s.version), Version: fmt.Sprintf("v%d", s.version)}, nil
}

func (s *stage) Destroy(ctx context.Context, force bool) (Deployment, error) {
	return s.Apply(ctx, Release{Definition: []byte("nothing")}, ApplyOptions{Force: force})
}

func (s *stage) Observe(context.Context) (Observation, error) { return s.observe(s.version) }

func (s *stage) Events(ctx context.Context, do func(Event)) {
	for _, e := range s.events {
		do(e)
	}
	<-ctx.Done()
}

func (s *stage) Show(l Line)          { s.said = append(s.said, l.ID+" "+l.Text) }
func (s *stage) Troubled(err error)   { s.said = append(s.said, fmt.Sprint("trouble ", err)) }
func (s *stage) Locked(err error)     { s.said = append(s.said, "locked") }
func (s *stage) Applied(d Deployment) { s.said = append(s.said, "applied "+d.ID) }
func (s *stage) Failed(w Watch)       { s.said = append(s.said, "failed: "+w.Reason) }
func (s *stage) Returning(before *Release) {
	s.said = append(s.said, fmt.Sprint("returning ", before != nil))
}

func (s *stage) options() DeployOptions {
	return DeployOptions{Timeout: time.Minute, RollbackTimeout: time.Minute, Rollback: true, MaxFailures: 3, Screen: s, Apply: ApplyOptions{Over: "v0"}}
}

func healthy(version int) (Observation, error) {
	v := fmt.Sprintf("v%d", version)
	return Observation{Version: v, Config: v, Instances: []Instance{{ID: "a.1", Version: v, State: Ready}, {ID: "a.2", Version: v, State: Ready}}}, nil
}

func stuck(version int) (Observation, error) {
	v := fmt.Sprintf("v%d", version)
	return Observation{Version: v, Config: v, Deployments: []string{fmt.Sprintf("d%d", version)}}, nil
}

func (s *stage) want(t *testing.T, applied, said string) {
	t.Helper()
	if got := strings.Join(s.applied, "\n"); got != applied {
		t.Errorf("applied\n%s\nwant\n%s", got, applied)
	}
	if got := strings.Join(s.said, "\n"); got != said {
		t.Errorf("said\n%s\nwant\n%s", got, said)
	}
}

func wanted() Release { return Release{Instances: 2, Definition: []byte("new")} }

func before() *Release { return &Release{Version: "v0", Instances: 2, Definition: []byte("old")} }

func TestADeployThatSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{observe: healthy}
		r, err := Deploy(t.Context(), s, wanted(), before(), s.options())
		if err != nil || r.Watch.End != Reached || r.Back != nil {
			t.Errorf("got %v, %+v", err, r)
		}
		s.want(t, `new x2 over "v0" force false replaces ""`, "applied d1\ninstance 1 ready\ninstance 2 ready")
	})
}

func TestADeployThatIsNotHealthyInTimeGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{observe: func(v int) (Observation, error) {
			if v == 1 {
				return stuck(v)
			}
			return healthy(v)
		}}
		begun := time.Now()
		r, err := Deploy(t.Context(), s, wanted(), before(), s.options())
		if err != nil || r.Watch.End != TimedOut || r.Back == nil || r.Back.Watch.End != Reached {
			t.Errorf("got %v, %+v", err, r)
		}
		if took := time.Since(begun); took != time.Minute {
			t.Errorf("took %s", took)
		}
		s.want(t, "new x2 over \"v0\" force false replaces \"\"\nold x2 over \"v1\" force true replaces \"v1\"",
			"applied d1\nfailed: 0 of 2 instances ready\nreturning true\ninstance 1 ready\ninstance 2 ready")
	})
}

// Labels that change would replace the instances that run.
func TestAScaleThatFailsGoesBackToTheNumberOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{observe: func(v int) (Observation, error) {
			if v == 1 {
				return stuck(v)
			}
			return healthy(v)
		}}
		was := before()
		was.Origin = Origin{By: "ann", Message: "1.9", At: time.Unix(1, 0), Replaces: "v-1"}
		more := *was
		more.Instances = 4
		r, err := Deploy(t.Context(), s, more, was, s.options())
		if err != nil || r.Back == nil || r.Back.To != "v0" || r.Back.Watch.End != Reached {
			t.Errorf("got %v, %+v", err, r)
		}
		if want := "old x4 over \"v0\" force false replaces \"v-1\"\nold x2 over \"v1\" force true replaces \"v-1\""; strings.Join(s.applied, "\n") != want {
			t.Errorf("applied %q", s.applied)
		}
		if diff := cmp.Diff(was.Origin, s.last.Origin); diff != "" {
			t.Errorf("another origin (-want +got):\n%s", diff)
		}
	})
}

func TestAWayBackHasATimeOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{observe: stuck}
		o := s.options()
		o.RollbackTimeout = 2 * time.Minute
		begun := time.Now()
		r, err := Deploy(t.Context(), s, wanted(), before(), o)
		if err != nil || r.Back == nil || r.Back.Watch.End != TimedOut {
			t.Errorf("got %v, %+v", err, r)
		}
		if took := time.Since(begun); took != 3*time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

func TestAFirstReleaseThatFailsIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := func(i string) Event { return Event{Failure: &Failure{Instance: "a." + i, Version: "v1"}} }
		s := &stage{events: []Event{failing("1"), failing("2"), failing("3")}, observe: func(v int) (Observation, error) {
			if v == 1 {
				return stuck(v)
			}
			return Observation{Version: "v2", Config: "v2"}, nil
		}}
		o := s.options()
		o.Apply.Over = ""
		r, err := Deploy(t.Context(), s, wanted(), nil, o)
		if err != nil || r.Watch.End != Failing || r.Back == nil || r.Back.To != "" || r.Back.Watch.End != Reached {
			t.Errorf("got %v, %+v", err, r)
		}
		if want := "new x2 over \"\" force false replaces \"\"\nnew x0 over \"v1\" force true replaces \"\""; strings.Join(s.applied, "\n") != want {
			t.Errorf("applied %q", s.applied)
		}
	})
}

func TestAVersionOfSomebodyElseIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{observe: func(int) (Observation, error) { return Observation{Version: "other", Config: "other"}, nil }}
		r, err := Deploy(t.Context(), s, wanted(), before(), s.options())
		if err != nil || r.Watch.End != Superseded || r.Back != nil || len(s.applied) != 1 {
			t.Errorf("got %v, %+v, applied %q", err, r, s.applied)
		}
	})
}

func TestWithoutRollbackAFailureStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{observe: stuck}
		o := s.options()
		o.Rollback = false
		r, err := Deploy(t.Context(), s, wanted(), before(), o)
		if err != nil || r.Watch.End != TimedOut || r.Back != nil || len(s.applied) != 1 {
			t.Errorf("got %v, %+v, applied %q", err, r, s.applied)
		}
	})
}

func TestALockIsWaitedForAsLongAsWanted(t *testing.T) {
	locked := fmt.Errorf("locked: %w", ErrLocked)
	for name, test := range map[string]struct {
		wait   time.Duration
		refuse []error
		ok     bool
	}{
		"not at all":              {0, []error{locked}, false},
		"until free":              {time.Minute, []error{locked, locked}, true},
		"in vain":                 {3 * time.Second, []error{locked, locked, locked, locked}, false},
		"not for another refusal": {time.Minute, []error{errors.New("no")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stage{observe: healthy, refuse: test.refuse}
				o := s.options()
				o.Lock = test.wait
				if _, err := Deploy(t.Context(), s, wanted(), before(), o); (err == nil) != test.ok {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A scheduler forgets an app at once that it removes; its deployment goes on as
// long as instances are there.
func TestARemovalWaitsForALockAndForTheLastInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		s := &stage{refuse: []error{fmt.Errorf("locked: %w", ErrLocked)}, observe: func(int) (Observation, error) {
			if time.Since(begun) < 10*time.Second {
				return Observation{Deployments: []string{"d1"}}, nil
			}
			return Observation{}, nil
		}}
		o := s.options()
		o.Lock = time.Minute
		r, err := Destroy(t.Context(), s, o)
		if took := time.Since(begun); err != nil || r.Watch.End != Reached || took < 10*time.Second {
			t.Errorf("got %v, %+v after %s", err, r, took)
		}
		s.want(t, `nothing x0 over "" force false replaces ""`, "locked\napplied d1")
	})
}

func TestARemovalThatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{observe: func(int) (Observation, error) { return Observation{Deployments: []string{"d1"}}, nil }}
		r, err := Destroy(t.Context(), s, s.options())
		if err != nil || r.Watch.End != TimedOut || r.Watch.Reason != "its deployment goes on" {
			t.Errorf("got %v, %+v", err, r)
		}
	})
}

func TestAnInterruptLeavesTheDeploymentGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{observe: stuck}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		r, err := Deploy(ctx, s, wanted(), before(), s.options())
		if err != nil || r.Watch.End != Interrupted || r.Back != nil || len(s.applied) != 1 {
			t.Errorf("got %v, %+v, applied %q", err, r, s.applied)
		}
	})
}

func TestAClusterThatDoesNotAnswerForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		s := &stage{observe: func(v int) (Observation, error) {
			if asked++; asked < 4 {
				return Observation{}, errors.New("gone")
			}
			return healthy(v)
		}}
		r, err := Deploy(t.Context(), s, wanted(), before(), s.options())
		if err != nil || r.Watch.End != Reached {
			t.Errorf("got %v, %+v", err, r)
		}
		s.want(t, `new x2 over "v0" force false replaces ""`, "applied d1\ntrouble gone\ntrouble <nil>\ninstance 1 ready\ninstance 2 ready")
	})
}

func TestADetachedDeployReturnsAtOnce(t *testing.T) {
	s := &stage{observe: stuck}
	o := s.options()
	o.Detach = true
	r, err := Deploy(t.Context(), s, wanted(), before(), o)
	if err != nil || r.Watch.End != "" || r.Deployment.ID != "d1" {
		t.Errorf("got %v, %+v", err, r)
	}
}
