package mesos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"

	"dce/internal/diag"
)

const testToken = "header.payload.signature"

// bench is a session in a bubble with the agent's side in the test's hands.
type bench struct {
	*testing.T
	agent   *scripted
	session *Session
	events  chan Event
	ended   chan error
	leave   context.CancelFunc
	log     *bytes.Buffer
	stream  request
}

// onBench runs a test in a bubble. The session runs and has sent nothing yet.
func onBench(t *testing.T, vars []string, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vars, func(b *bench, e Event) { b.events <- e })
		defer b.agent.close()
		defer b.leave()
		test(b)
	})
}

func newBench(t *testing.T, vars []string, handle func(*bench, Event)) *bench {
	t.Helper()
	return benchWith(t, newScripted(), vars, handle)
}

func benchWith(t *testing.T, agent *scripted, vars []string, handle func(*bench, Event)) *bench {
	t.Helper()
	env, err := ParseEnvironment(append(minimalEnvironment(), append(vars, TokenVariable+"="+testToken)...))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, agent: agent, events: make(chan Event, 10_000), ended: make(chan error, 1), log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.session, err = NewSession(env, Options{Dial: b.agent.dial, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	b.leave = leave
	go func() { b.ended <- b.session.Run(ctx, func(e Event) { handle(b, e) }) }()
	return b
}

func checkpointing() []string {
	return []string{"MESOS_CHECKPOINT=1", "MESOS_RECOVERY_TIMEOUT=15mins", "MESOS_SUBSCRIPTION_BACKOFF_MAX=2secs"}
}

func (b *bench) write(r request, wire []byte) {
	b.Helper()
	if _, err := r.conn.Write(wire); err != nil {
		b.Fatal(err)
	}
}

// expect waits for a request of that type and returns its call.
func (b *bench) expect(want executor.Call_Type) (request, *executor.Call) {
	b.Helper()
	r := b.agent.next(b.T)
	c := r.call(b.T)
	if c.Type != want {
		b.Fatalf("got %s, want %s", c.Type, want)
	}
	return r, c
}

// accept answers a SUBSCRIBE and returns what it carried.
func (b *bench) accept(capabilities ...v1.FrameworkInfo_Capability_Type) *executor.Call_Subscribe {
	b.Helper()
	r, c := b.expect(executor.Call_SUBSCRIBE)
	b.stream = r
	b.write(r, streamHead())
	framework := v1.FrameworkInfo{}
	for _, t := range capabilities {
		framework.Capabilities = append(framework.Capabilities, v1.FrameworkInfo_Capability{Type: t})
	}
	b.say(&executor.Event{Type: executor.Event_SUBSCRIBED, Subscribed: &executor.Event_Subscribed{
		FrameworkInfo: framework, ContainerID: &v1.ContainerID{Value: "c1"},
	}})
	if s, ok := (<-b.events).(Subscribed); !ok || s.ContainerID != "c1" {
		b.Fatalf("got %#v, want Subscribed", s)
	}
	return c.Subscribe
}

// say sends an event.
func (b *bench) say(ev *executor.Event) {
	b.Helper()
	b.write(b.stream, chunk(record(b.T, ev)))
	synctest.Wait()
}

func (b *bench) acknowledge(u v1.TaskStatus) {
	b.Helper()
	b.say(&executor.Event{Type: executor.Event_ACKNOWLEDGED, Acknowledged: &executor.Event_Acknowledged{TaskID: u.TaskID, UUID: u.UUID}})
}

func (b *bench) launch(id string) {
	b.Helper()
	b.say(&executor.Event{Type: executor.Event_LAUNCH, Launch: &executor.Event_Launch{Task: taskInfo(id)}})
}

func shutdown() *executor.Event { return &executor.Event{Type: executor.Event_SHUTDOWN} }

// tell gives the session an update.
func (b *bench) tell(task string, state v1.TaskState) {
	b.Helper()
	if err := b.session.Update(Update{TaskID: task, State: state}); err != nil {
		b.Fatal(err)
	}
}

// takeUpdate answers the next UPDATE and returns its status.
func (b *bench) takeUpdate(wire []byte) v1.TaskStatus {
	b.Helper()
	r, c := b.expect(executor.Call_UPDATE)
	b.write(r, wire)
	synctest.Wait()
	return c.Update.Status
}

// flushed reports whether Flush has nothing left to wait for, and with what.
func (b *bench) flushed() (bool, error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Millisecond)
	defer cancel()
	err := b.session.Flush(ctx, time.Hour)
	return !errors.Is(err, context.DeadlineExceeded), err
}

// lost waits for Lost and the end of Run, and returns the code of both.
func (b *bench) lost() diag.Code {
	b.Helper()
	l, ok := (<-b.events).(Lost)
	if !ok {
		b.Fatalf("got %#v, want Lost", l)
	}
	if err := <-b.ended; !errors.Is(err, l.Err) {
		b.Errorf("Run returns %v, Lost says %v", err, l.Err)
	}
	list, _ := diag.Of(l.Err)
	if len(list) != 1 {
		b.Fatalf("%v carries no diagnostic", l.Err)
	}
	if strings.Contains(fmt.Sprint(list), "payload") {
		b.Errorf("the token is in %v", list)
	}
	return list[0].Code
}

func TestAnAnswerThatWillNotChangeEndsTheSession(t *testing.T) {
	for scenario, codes := range map[string]map[int]diag.Code{
		"errors":        {400: codeRefused, 405: codeRefused, 406: codeRefused, 415: codeRefused},
		"auth":          {401: codeNotAuthorised},
		"domain-socket": {400: codeRefused, 403: codeNotAuthorised},
	} {
		for i, row := range recording(t, scenario) {
			if row.Kind != "response" || codes[row.Status] == "" {
				continue
			}
			t.Run(fmt.Sprintf("%s row %d: %d", scenario, i+1, row.Status), func(t *testing.T) {
				onBench(t, checkpointing(), func(b *bench) {
					r, _ := b.expect(executor.Call_SUBSCRIBE)
					b.write(r, append(head(row.Status, row.Reason, row.Headers), row.bytes(t)...))
					want := codes[row.Status]
					if row.Status == 403 || row.Status == 401 {
						want = codeNotAuthorised
					}
					if got := b.lost(); got != want {
						b.Errorf("got %s, want %s", got, want)
					}
					if err := b.session.Update(Update{TaskID: "a", State: v1.TASK_FAILED}); err == nil {
						b.Error("an update after Lost must say that it cannot be delivered")
					}
				})
			})
		}
	}
}

func TestOtherAnswersThanEventsEndTheSession(t *testing.T) {
	html := append(head(200, "OK", [][2]string{{"Content-Type", "text/html"}, {"Content-Length", "6"}}), "<html>"...)
	elsewhere := head(307, "Temporary Redirect", [][2]string{{"Location", "http://10.9.9.9:80/steal"}, {"Content-Length", "0"}})
	for name, wire := range map[string][]byte{"a page": html, "a redirect": elsewhere, "409": answer(409, "?")} {
		t.Run(name, func(t *testing.T) {
			onBench(t, nil, func(b *bench) {
				r, _ := b.expect(executor.Call_SUBSCRIBE)
				b.write(r, wire)
				if got := b.lost(); got != codeRefused {
					b.Errorf("got %s", got)
				}
				if d := b.agent.dials(); len(d) != 1 {
					b.Errorf("connected to %s: the token must not go elsewhere", d)
				}
			})
		})
	}
}

func TestWithoutCheckpointingTheEndOfTheStreamIsTheEnd(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.accept()
		start := time.Now()
		b.agent.cut()
		if got := b.lost(); got != codeLost || time.Since(start) != 0 {
			b.Errorf("got %s after %v", got, time.Since(start))
		}
	})
}

func TestWithoutCheckpointingTheFirstSubscriptionIsTriedForAWhile(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		for range 3 {
			r, _ := b.expect(executor.Call_SUBSCRIBE)
			b.write(r, answer(503, "Agent has not finished recovery"))
		}
		b.accept()
	})
	synctest.Test(t, func(t *testing.T) {
		agent := newScripted()
		agent.refuse(true) // before the first attempt: one that got through would be waited for
		start := time.Now()
		b := benchWith(t, agent, nil, func(b *bench, e Event) { b.events <- e })
		defer b.agent.close()
		defer b.leave()
		if got := b.lost(); got != codeLost || time.Since(start) != firstWindow {
			b.Errorf("got %s after %v", got, time.Since(start))
		}
	})
}

func TestWithCheckpointingTheAgentIsLookedForUntilTheRecoveryTimeout(t *testing.T) {
	onBench(t, checkpointing(), func(b *bench) {
		b.accept()
		b.launch("a")
		b.tell("a", v1.TASK_STARTING)
		told := b.takeUpdate(accepted())
		b.agent.refuse(true)
		b.agent.cut()
		start := time.Now()
		b.tell("a", v1.TASK_RUNNING)
		if _, ok := (<-b.events).(Launch); !ok {
			b.Fatal("want Launch")
		}
		if got := b.lost(); got != codeLost || time.Since(start) != 15*time.Minute {
			b.Errorf("got %s after %v", got, time.Since(start))
		}
		if ok, err := b.flushed(); !ok || err == nil {
			b.Errorf("Flush must say that updates are lost, got %v, %v; first was %x", ok, err, told.UUID)
		}
	})
}

func TestTheSessionComesBackWithAllThatIsNotAcknowledged(t *testing.T) {
	onBench(t, checkpointing(), func(b *bench) {
		b.accept()
		b.launch("a")
		b.launch("b")
		b.tell("a", v1.TASK_STARTING)
		first := b.takeUpdate(accepted())
		b.acknowledge(first)
		b.tell("a", v1.TASK_RUNNING)
		second := b.takeUpdate(accepted())
		b.agent.refuse(true)
		b.agent.cut()
		b.tell("b", v1.TASK_FAILED)
		<-time.After(14 * time.Minute)
		b.agent.refuse(false)
		<-b.events
		<-b.events
		carried := b.accept()
		if len(carried.UnacknowledgedTasks) != 1 || carried.UnacknowledgedTasks[0].TaskID.Value != "b" {
			b.Errorf("unacknowledged tasks: %v", carried.UnacknowledgedTasks)
		}
		updates := carried.UnacknowledgedUpdates
		if len(updates) != 2 || !bytes.Equal(updates[0].Status.UUID, second.UUID) || updates[1].Status.GetState() != v1.TASK_FAILED {
			b.Fatalf("unacknowledged updates: %v", updates)
		}
		if len(b.agent.requests) > 0 {
			b.Error("what SUBSCRIBE has carried is not posted too")
		}
		b.acknowledge(updates[0].Status)
		b.acknowledge(updates[1].Status)
		if ok, err := b.flushed(); !ok || err != nil {
			b.Errorf("got %v, %v", ok, err)
		}
		if !strings.Contains(b.log.String(), `msg="the call to the agent succeeds again" call=SUBSCRIBE`) {
			b.Errorf("the log does not say that the agent is back: %s", b.log)
		}
	})
}

func TestPausesBetweenAttemptsStayWellBelowTheBound(t *testing.T) {
	onBench(t, checkpointing(), func(b *bench) {
		var last time.Time
		seen := map[time.Duration]bool{}
		for i := range 200 {
			r, _ := b.expect(executor.Call_SUBSCRIBE)
			if pause := time.Since(last); i > 0 {
				seen[pause] = true
				if pause > time.Second || pause <= 0 {
					b.Errorf("attempt %d after %v", i, pause)
				}
			}
			last = time.Now()
			b.write(r, answer(404, "404 Not Found."))
		}
		if len(seen) < 50 {
			b.Errorf("only %d different pauses: no jitter", len(seen))
		}
		b.accept()
	})
}

func TestAnAgentThatHangsIsNotWaitedForForEver(t *testing.T) {
	onBench(t, checkpointing(), func(b *bench) {
		start := time.Now()
		b.expect(executor.Call_SUBSCRIBE)
		r, _ := b.expect(executor.Call_SUBSCRIBE)
		if d := time.Since(start); d < answerLimit || d > answerLimit+time.Second {
			b.Errorf("tried again after %v", d)
		}
		b.write(r, streamHead()) // and no event
		b.accept()
		<-time.After(24 * time.Hour) // without a heartbeat
		b.launch("a")
		if _, ok := (<-b.events).(Launch); !ok {
			b.Error("the subscription must hold without heartbeats")
		}
	})
}

func TestRepeatedFailuresAreLoggedOnceAMinute(t *testing.T) {
	onBench(t, checkpointing(), func(b *bench) {
		b.accept()
		b.agent.refuse(true)
		b.agent.cut()
		<-time.After(10*time.Minute + time.Second)
		b.agent.refuse(false)
		b.accept()
		if n := strings.Count(b.log.String(), "level=WARN"); n < 10 || n > 11 {
			b.Errorf("%d warnings in ten minutes: %s", n, b.log)
		}
		if strings.Contains(b.log.String(), "payload") {
			b.Error("the token is in the log")
		}
	})
}

func TestAnUpdateIsSentUntilItIsTaken(t *testing.T) {
	for name, wire := range map[string][]byte{
		"an agent that starts":      answer(503, "Agent has not finished recovery"),
		"routes that are not up":    answer(404, "404 Not Found."),
		"an agent that has no yet":  answer(403, "Executor is not subscribed"),
		"an error within the agent": answer(500, "?"),
		"a closed connection":       nil,
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, nil, func(b *bench) {
				b.accept()
				b.tell("a", v1.TASK_STARTING)
				b.tell("a", v1.TASK_RUNNING)
				r, c := b.expect(executor.Call_UPDATE)
				if wire == nil {
					r.conn.Close()
				} else {
					b.write(r, wire)
				}
				again := b.takeUpdate(accepted())
				if !bytes.Equal(c.Update.Status.UUID, again.UUID) {
					b.Error("the update must come again, with its uuid")
				}
				if next := b.takeUpdate(accepted()); next.GetState() != v1.TASK_RUNNING {
					b.Errorf("then comes %s", next.GetState())
				}
			})
		})
	}
}

func TestAnUpdateThatTheAgentRejectsIsLeftOut(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.accept()
		b.tell("a", v1.TASK_STARTING)
		b.tell("a", v1.TASK_RUNNING)
		b.takeUpdate(answer(400, "Failed to validate Executor::Call: Not a valid UUID"))
		next := b.takeUpdate(accepted())
		if next.GetState() != v1.TASK_RUNNING {
			b.Errorf("then comes %s", next.GetState())
		}
		b.acknowledge(next)
		if ok, err := b.flushed(); !ok || err != nil {
			b.Errorf("got %v, %v", ok, err)
		}
		if !strings.Contains(b.log.String(), "Not a valid UUID") {
			b.Errorf("the log does not say why: %s", b.log)
		}
	})
}

func TestFlushWaitsForAcknowledgementsUntilShutdown(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.accept()
		if ok, err := b.flushed(); !ok || err != nil {
			b.Errorf("nothing to wait for, got %v, %v", ok, err)
		}
		b.tell("a", v1.TASK_RUNNING)
		r, c := b.expect(executor.Call_UPDATE)
		b.acknowledge(c.Update.Status) // before the 202
		if ok, err := b.flushed(); !ok || err != nil {
			b.Errorf("acknowledged, got %v, %v", ok, err)
		}
		b.write(r, accepted())
		b.acknowledge(c.Update.Status) // a duplicate
		b.tell("a", v1.TASK_KILLED)
		r, _ = b.expect(executor.Call_UPDATE)
		if ok, _ := b.flushed(); ok {
			b.Error("neither taken nor acknowledged")
		}
		b.say(shutdown())
		if ok, _ := b.flushed(); ok {
			b.Error("shut down, but not taken")
		}
		b.write(r, accepted())
		synctest.Wait()
		if ok, err := b.flushed(); !ok || err != nil {
			b.Errorf("taken after the shutdown, got %v, %v", ok, err)
		}
		if err := b.session.Update(Update{TaskID: "a", State: v1.TASK_RUNNING}); !errors.Is(err, ErrEnded) {
			b.Errorf("after the end: %v", err)
		}
		b.leave()
		if err := <-b.ended; err != nil {
			b.Error(err)
		}
	})
}

func TestAfterShutdownUpdatesAreSentThoughTheStreamHasEnded(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.accept()
		b.say(shutdown())
		b.say(shutdown())
		b.stream.conn.Close()
		synctest.Wait()
		b.tell("a", v1.TASK_KILLED)
		b.takeUpdate(accepted())
		if ok, err := b.flushed(); !ok || err != nil {
			b.Errorf("got %v, %v", ok, err)
		}
		b.leave()
		if err := <-b.ended; err != nil {
			b.Error(err)
		}
		if e := <-b.events; e != (Shutdown{}) || len(b.events) > 0 {
			b.Errorf("got %#v and %d more events, want Shutdown once", e, len(b.events))
		}
	})
}

func TestAfterShutdownACheckpointingAgentIsStillLookedFor(t *testing.T) {
	onBench(t, checkpointing(), func(b *bench) {
		b.accept()
		b.say(shutdown())
		b.agent.cut()
		synctest.Wait()
		b.tell("a", v1.TASK_KILLED)
		if e := <-b.events; e != (Shutdown{}) {
			b.Errorf("got %#v", e)
		}
		if u := b.accept().UnacknowledgedUpdates; len(u) != 1 || u[0].Status.GetState() != v1.TASK_KILLED {
			b.Errorf("SUBSCRIBE carries %v", u)
		}
		if ok, err := b.flushed(); !ok || err != nil {
			b.Errorf("got %v, %v", ok, err)
		}
	})
}

func TestATerminatingExecutorIsToldOnlyToShutDown(t *testing.T) {
	onBench(t, checkpointing(), func(b *bench) {
		b.tell("a", v1.TASK_RUNNING)
		r, _ := b.expect(executor.Call_SUBSCRIBE)
		b.stream = r
		b.write(r, streamHead())
		b.say(shutdown())
		if e := <-b.events; e != (Shutdown{}) {
			b.Errorf("got %#v", e)
		}
		// The agent did not take what SUBSCRIBE carried.
		if u := b.takeUpdate(accepted()); u.GetState() != v1.TASK_RUNNING {
			b.Errorf("got %s", u.GetState())
		}
	})
}

func TestATaskIsLaunchedOnce(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.accept()
		b.launch("a")
		b.launch("a")
		b.say(&executor.Event{Type: executor.Event_LAUNCH_GROUP, LaunchGroup: &executor.Event_LaunchGroup{
			TaskGroup: v1.TaskGroupInfo{Tasks: []v1.TaskInfo{taskInfo("a"), taskInfo("b")}},
		}})
		b.tell("a", v1.TASK_FAILED)
		b.launch("a")
		want := []Event{
			Launch{Tasks: []v1.TaskInfo{taskInfo("a")}},
			Launch{Tasks: []v1.TaskInfo{taskInfo("b")}, Group: true},
			Launch{Tasks: []v1.TaskInfo{taskInfo("a")}},
		}
		for _, w := range want {
			if d := cmp.Diff(w, <-b.events); d != "" {
				b.Error(d)
			}
		}
		if len(b.events) > 0 {
			b.Errorf("and %#v", <-b.events)
		}
	})
}

func TestWhatCannotBeUnderstoodIsPassedOver(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.accept()
		for _, body := range []string{"\x08\x63", "\x08\x02", hugeField, "not protobuf", "\x08\x09", "\x08\x06\x3a\x06\x0a\x04oops"} {
			b.write(b.stream, chunk(fmt.Appendf(nil, "%d\n%s", len(body), body)))
		}
		b.launch("a")
		if _, ok := (<-b.events).(Launch); !ok {
			b.Error("the next event must come")
		}
		for _, want := range []string{"unknown type", "LAUNCH: the event lacks", "heartbeat", "oops", "slice bounds out of range"} {
			if !strings.Contains(b.log.String(), want) {
				b.Errorf("the log lacks %q: %s", want, b.log)
			}
		}
	})
}

func TestABrokenStreamIsSubscribedAnew(t *testing.T) {
	for name, wire := range map[string][]byte{
		"a cut within a record": chunk([]byte("100\nabc")),
		"no length":             chunk([]byte("<html>")),
		"too long a record":     chunk([]byte("67108865\n")),
		"no chunk":              []byte("zz\r\n"),
		"the last chunk":        []byte("0\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, checkpointing(), func(b *bench) {
				b.accept()
				b.write(b.stream, wire)
				if strings.HasPrefix(name, "a cut") {
					b.stream.conn.Close()
				}
				b.accept()
			})
		})
	}
}

func TestASlowHandlerDoesNotHoldUpAcknowledgements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := newBench(t, nil, func(b *bench, e Event) {
			if _, ok := e.(Launch); ok {
				<-release
			}
			b.events <- e
		})
		defer b.agent.close()
		defer b.leave()
		b.accept()
		b.launch("a")
		b.launch("b")
		b.tell("a", v1.TASK_STARTING)
		b.acknowledge(b.takeUpdate(accepted()))
		if ok, err := b.flushed(); !ok || err != nil {
			b.Errorf("got %v, %v", ok, err)
		}
		close(release)
		for _, id := range []string{"a", "b"} {
			if d := cmp.Diff(Event(Launch{Tasks: []v1.TaskInfo{taskInfo(id)}}), <-b.events); d != "" {
				b.Error(d)
			}
		}
	})
}

func TestTaskKillingGoesOnlyToThoseWhoKnowIt(t *testing.T) {
	for name, c := range map[string]struct {
		capabilities []v1.FrameworkInfo_Capability_Type
		want         v1.TaskState
	}{
		"a framework with the capability": {[]v1.FrameworkInfo_Capability_Type{v1.FrameworkInfo_Capability_TASK_KILLING_STATE}, v1.TASK_KILLING},
		"another one":                     {nil, v1.TASK_KILLED},
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, nil, func(b *bench) {
				b.accept(c.capabilities...)
				b.tell("a", v1.TASK_KILLING)
				b.tell("a", v1.TASK_KILLED)
				if got := b.takeUpdate(accepted()); got.GetState() != c.want {
					b.Errorf("got %s, want %s", got.GetState(), c.want)
				}
			})
		})
	}
}

func TestMessagesGoBothWays(t *testing.T) {
	onBench(t, nil, func(b *bench) {
		b.accept()
		b.say(&executor.Event{Type: executor.Event_MESSAGE, Message: &executor.Event_Message{Data: []byte("ping")}})
		m, ok := (<-b.events).(Message)
		if !ok || string(m.Data) != "ping" {
			b.Fatalf("got %#v", m)
		}
		for _, wire := range [][]byte{accepted(), answer(403, "Executor is not subscribed")} {
			sent := make(chan error, 1)
			go func() { sent <- b.session.Message(b.Context(), []byte("pong")) }()
			r, c := b.expect(executor.Call_MESSAGE)
			b.write(r, wire)
			if err := <-sent; string(c.Message.Data) != "pong" || (err == nil) != bytes.Equal(wire, accepted()) {
				b.Errorf("sent %q: %v", c.Message.Data, err)
			}
		}
	})
}

func TestTheEndOfTheContextIsNoError(t *testing.T) {
	for name, prepare := range map[string]func(b *bench){
		"while subscribing": func(b *bench) { b.expect(executor.Call_SUBSCRIBE) },
		"while subscribed":  func(b *bench) { b.accept() },
		"during an update": func(b *bench) {
			b.accept()
			b.tell("a", v1.TASK_RUNNING)
			b.expect(executor.Call_UPDATE)
		},
		"during a pause": func(b *bench) {
			b.accept()
			b.agent.refuse(true)
			b.agent.cut()
			synctest.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, checkpointing(), func(b *bench) {
				prepare(b)
				b.leave()
				if err := <-b.ended; err != nil || len(b.events) > 0 {
					b.Errorf("got %v and %d events", err, len(b.events))
				}
			})
		})
	}
}

func TestAKillCarriesItsOwnGraceOnly(t *testing.T) {
	var got []Kill
	for _, row := range recording(t, "kill-policy") {
		if row.Kind == "record" && row.event(t).Kill != nil {
			got = append(got, killOf(row.event(t).Kill))
		}
	}
	grace := 2500 * time.Millisecond
	if !slices.ContainsFunc(got, func(k Kill) bool { return k.Grace != nil && *k.Grace == grace }) ||
		!slices.ContainsFunc(got, func(k Kill) bool { return k.Grace == nil }) {
		t.Errorf("got %+v", got)
	}
}

// An agent that is there and does not acknowledge may have forgotten the task.
// One that is away has not heard of it yet.
func TestTheLastUpdatesWaitForAnAgentThatIsAway(t *testing.T) {
	onBench(t, checkpointing(), func(b *bench) {
		b.accept()
		b.agent.refuse(true)
		b.agent.cut()
		b.tell("a", v1.TASK_FAILED)
		start := time.Now()
		flushed := make(chan error, 1)
		go func() { flushed <- b.session.Flush(b.Context(), 30*time.Second) }()
		<-time.After(10 * time.Minute)
		b.agent.refuse(false)
		b.accept() // with the update, which this agent does not acknowledge
		back := time.Now()
		err := <-flushed
		if waited := time.Since(back); waited != 30*time.Second || !errors.Is(err, errUnacknowledged) {
			b.Errorf("gave up %v after the agent was back, %v in all: %v", waited, time.Since(start), err)
		}
	})
}

func TestTheLastUpdatesAreLostWithTheAgent(t *testing.T) {
	onBench(t, checkpointing(), func(b *bench) {
		b.accept()
		b.agent.refuse(true)
		b.agent.cut()
		b.tell("a", v1.TASK_FAILED)
		start := time.Now()
		err := b.session.Flush(b.Context(), 30*time.Second)
		if list, _ := diag.Of(err); len(list) != 1 || list[0].Code != codeLost || time.Since(start) != 15*time.Minute {
			b.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}
