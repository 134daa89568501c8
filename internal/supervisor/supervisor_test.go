package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
	"dce/internal/pod"
)

// life is one pod of a test: its supervisor and what it is made of.
type life struct {
	*Supervisor
	engine *fake
	front  *front
	events bytes.Buffer
}

func newLife(t *testing.T, rules pod.Rules, engine *fake) *life {
	t.Helper()
	l := &life{engine: engine, front: &front{}}
	engine.t = t
	l.Supervisor = New(Options{Engine: engine, Front: l.front, Rules: rules, Events: &l.events})
	return l
}

// after posts an event when that much time has passed.
func (l *life) after(d time.Duration, events ...pod.Event) {
	time.AfterFunc(d, func() {
		for _, e := range events {
			l.Post(e)
		}
	})
}

func (l *life) run(t *testing.T) (pod.Pod, string) {
	t.Helper()
	l.Post(pod.Launch{At: time.Now()})
	p := l.Run(t.Context())
	return p, transcript(l.front.states, l.engine.ended())
}

func TestAPodLivesAsItsEventsSay(t *testing.T) {
	second := time.Second
	cases := map[string]struct {
		rules  pod.Rules
		engine *fake
		events func(l *life)
		want   string
		reason string
	}{
		"a service that fails ends the pod": {
			rules:  rules("infra", "web"),
			engine: &fake{start: takes(second)},
			events: func(l *life) {
				l.after(second/2, running("infra"), running("web"))
				l.after(5*second, exited("web", 3))
			},
			want:   "[staging starting running stopping failed] [prepare start stop remove]",
			reason: "service web exited with code 3",
		},
		"a job ends when its work is done": {
			rules:  func() pod.Rules { r := rules("infra", "web"); r.Job = true; return r }(),
			engine: &fake{},
			events: func(l *life) {
				l.after(second, running("infra"), running("web"))
				l.after(2*second, exited("web", 0))
			},
			want:   "[staging starting running stopping finished] [prepare start stop remove]",
			reason: "every service of the job exited with code 0",
		},
		"a pull that fails starts nothing": {
			engine: &fake{prepare: func(context.Context) error { return errFake }},
			events: func(*life) {},
			want:   "[staging stopping failed] [prepare stop remove]",
			reason: "preparing the pod failed: no such image",
		},
		"a problem is told by what happened": {
			engine: &fake{start: func(context.Context) error {
				return diag.Fail(diag.Diagnostic{Code: "DCE320", Summary: "host port 80 is taken", Hint: "free it"})
			}},
			events: func(*life) {},
			want:   "[staging starting stopping failed] [prepare start stop remove]",
			reason: "starting the pod failed: host port 80 is taken",
		},
		"a kill while pulling waits for the pull to return": {
			engine: &fake{prepare: takes(time.Hour)},
			events: func(l *life) { l.after(second, pod.Kill{By: "SIGTERM"}) },
			want:   "[staging aborting stopping killed] [prepare stop remove]",
			reason: "stopped by SIGTERM",
		},
		"a kill while starting waits for the start to return": {
			engine: &fake{start: takes(time.Hour)},
			events: func(l *life) { l.after(second, pod.Kill{By: "Ctrl-C"}, pod.Kill{By: "Ctrl-C"}) },
			want:   "[staging starting aborting stopping killed] [prepare start stop remove]",
			reason: "stopped by Ctrl-C",
		},
		"a pod that does not run in time fails": {
			rules:  func() pod.Rules { r := rules("infra", "web"); r.LaunchTimeout = time.Minute; return r }(),
			engine: &fake{},
			events: func(l *life) { l.after(second, running("infra")) },
			want:   "[staging starting stopping failed] [prepare start stop remove]",
			reason: "not running within 1m0s: service web was not ready",
		},
		"an engine out of reach for too long fails the pod": {
			rules:  func() pod.Rules { r := rules("web"); r.EngineTimeout = time.Minute; return r }(),
			engine: &fake{},
			events: func(l *life) {
				l.after(second, running("web"))
				l.after(2*second, pod.EngineLost{Err: "unexpected EOF"})
			},
			want:   "[staging starting running stopping failed] [prepare start stop remove]",
			reason: "the Docker engine was out of reach for 1m0s",
		},
		"a gap that ends in time is no failure": {
			rules:  func() pod.Rules { r := rules("web"); r.EngineTimeout = time.Minute; return r }(),
			engine: &fake{},
			events: func(l *life) {
				l.after(second, running("web"))
				l.after(2*second, pod.EngineLost{})
				l.after(60*second, pod.EngineBack{})
				l.after(300*second, pod.Kill{By: "dce down"})
			},
			want:   "[staging starting running stopping killed] [prepare start stop remove]",
			reason: "stopped by dce down",
		},
		"a pod that is kept is not removed": {
			rules:  pod.Rules{Keep: true},
			engine: &fake{start: func(context.Context) error { return errFake }},
			events: func(*life) {},
			want:   "[staging starting stopping failed] [prepare start stop]",
			reason: "starting the pod failed: no such image",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLife(t, c.rules, c.engine)
				c.events(l)
				p, got := l.run(t)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("life (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.reason, p.Reason.String()); diff != "" {
					t.Errorf("reason (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestASecondKillShortensTheStopUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended time.Duration
		began := time.Now()
		graceful := func(_ context.Context, until func() time.Duration) error {
			for until() != 0 { // a service that ignores SIGTERM
				<-time.After(10 * time.Millisecond)
			}
			ended = time.Since(began)
			return nil
		}
		l := newLife(t, rules("web"), &fake{stop: graceful})
		l.after(time.Second, running("web"))
		l.after(2*time.Second, pod.Kill{By: "Ctrl-C", Grace: time.Hour})
		l.after(5*time.Second, pod.Kill{By: "Ctrl-C", Now: true})
		l.run(t)
		if ended < 5*time.Second || ended > 6*time.Second {
			t.Errorf("the stop ended after %s, want at the second kill, after 5s", ended)
		}
	})
}

func TestTheTimeOfAStopBeginsWithItsKill(t *testing.T) {
	second := time.Second
	for name, tt := range map[string]struct {
		kills []pod.Kill // one a second, from the first second on; the start returns after four
		want  time.Duration
	}{
		"while a start returns":                    {[]pod.Kill{{Grace: 4 * second}}, second},
		"where a second one is to be over before":  {[]pod.Kill{{Grace: 4 * second}, {Grace: 2500 * time.Millisecond}}, second / 2},
		"where a second one is to be over later":   {[]pod.Kill{{Grace: 4 * second}, {Grace: 3500 * time.Millisecond}}, second},
		"where it is over when the start returns":  {[]pod.Kill{{Grace: 2 * second}}, 0},
		"where the second one leaves no time":      {[]pod.Kill{{Grace: time.Hour}, {Now: true}}, 0},
		"where only the second one sets any bound": {[]pod.Kill{{}, {Grace: 4 * second}}, 2 * second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var left time.Duration
				l := newLife(t, rules("web"), &fake{
					start: func(context.Context) error {
						<-time.After(4 * second) // the engine's work in flight
						return errFake
					},
					stop: func(_ context.Context, until func() time.Duration) error {
						left = until()
						return nil
					},
				})
				for i, k := range tt.kills {
					l.after(time.Duration(i+1)*second, k)
				}
				l.run(t)
				if left != tt.want {
					t.Errorf("the stop has %s left, want %s", left, tt.want)
				}
			})
		})
	}
}

func TestAStopWithoutABoundHasNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left time.Duration
		l := newLife(t, rules("web"), &fake{stop: func(_ context.Context, until func() time.Duration) error {
			left = until()
			return nil
		}})
		l.after(time.Second, running("web"), pod.Kill{})
		l.run(t)
		if left >= 0 {
			t.Errorf("the stop had %s left, want no bound", left)
		}
	})
}

func TestLeavingEndsTheWorkUnderWayAndStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		l := newLife(t, rules("web"), &fake{start: takes(time.Hour)})
		l.Post(pod.Launch{})
		p := l.Run(ctx)
		got := transcript(l.front.states, l.engine.ended())
		if want := "[staging starting] [prepare start]"; got != want || p.State != pod.Starting {
			t.Errorf("left a pod that is %s after %s, want starting after %s", p.State, got, want)
		}
	})
}

func TestASlowFrontDelaysNothingAndHearsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLife(t, rules("web"), &fake{})
		l.front.do = func(pod.Pod) { <-time.After(time.Minute) }
		var stopped time.Duration
		began := time.Now()
		l.engine.stop = func(context.Context, func() time.Duration) error {
			stopped = time.Since(began)
			return nil
		}
		l.after(time.Second, running("web"))
		l.after(2*time.Second, exited("web", 1))
		_, got := l.run(t)
		if stopped != 2*time.Second {
			t.Errorf("the stop began after %s, want 2s: the front must not delay it", stopped)
		}
		if want := "[staging starting running stopping failed] [prepare start stop remove]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestATimerThatRanOutBeforeItWasSetAnewIsNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rules("web")
		r.EngineTimeout = time.Minute
		l := newLife(t, r, &fake{})
		l.after(time.Second, running("web"), pod.EngineLost{}, pod.EngineBack{}, pod.EngineLost{})
		// What the first setting would have put into the mailbox, had it run out in
		// the moment before it was cleared.
		time.AfterFunc(2*time.Second, func() {
			l.mail.put(message{event: pod.TimedOut{Timer: pod.TimerEngine}, timer: 1})
		})
		l.after(3*time.Second, pod.EngineBack{}, pod.Kill{By: "test"})
		if p, _ := l.run(t); p.State != pod.Killed {
			t.Errorf("the pod is %s (%s), want killed", p.State, p.Reason)
		}
	})
}

func TestTheTimelineTellsEveryTransition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLife(t, rules("infra", "web"), &fake{})
		l.after(time.Second, running("infra"), running("web"), running("web"))
		l.after(2*time.Second, exited("web", 3))
		l.run(t)
		var got []string
		for text := range strings.Lines(l.events.String()) {
			var line Line
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.TrimSpace(strings.Join([]string{
				line.Time.Format("05"), string(line.State), line.Event, line.Container, line.Detail, line.Reason,
			}, " ")))
		}
		want := []string{
			"00 staging launch", "00 starting prepared", "00 starting started",
			"01 starting container infra-1 running", "01 running container web-1 running",
			"02 stopping container web-1 exited 3 service web exited with code 3",
			"02 failed stopped   service web exited with code 3",
			"02 failed removed   service web exited with code 3",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("timeline (-want +got):\n%s", diff)
		}
	})
}
