package mesos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// TestEveryRecordedConversationIsHeld replays each recording: the agent's side
// with its bytes, in protobuf where the recording is JSON; the executor's side
// is a session that is told what the recorded executor told. What a session
// never sends (requests that are invalid on purpose, updates after a task's
// end) is left out with its answer.
func TestEveryRecordedConversationIsHeld(t *testing.T) {
	for _, scenario := range scenarios(t) {
		for name, s := range splits() {
			t.Run(scenario+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { replayOf(t, scenario, s).run() })
			})
		}
	}
}

type replay struct {
	*testing.T
	rows    []row
	split   split
	exact   bool
	env     Environment
	agent   *scripted
	session *Session
	events  chan Event
	ended   chan error
	leave   context.CancelFunc

	conns map[int]request
	// stream is the connection of the events.
	stream int
	uuids  map[string][]byte
	told   map[string]bool
	first  bool
	// forgets is the one recording whose executor leaves out of SUBSCRIBE what
	// a session never does.
	forgets bool
	// skipped holds the connections whose next answer belongs to a request
	// that was left out.
	skipped map[int]bool
}

func replayOf(t *testing.T, scenario string, s split) *replay {
	t.Helper()
	env, err := ParseEnvironment(recordedEnvironment(t, scenario))
	if err != nil {
		t.Fatal(err)
	}
	// There the executor itself closes its stream, which a session does not:
	// with checkpointing it meets the same when the agent does.
	env.Checkpoint = env.Checkpoint || scenario == "resubscribe"
	agent := newScripted()
	session, err := NewSession(env, Options{Dial: agent.dial})
	if err != nil {
		t.Fatal(err)
	}
	r := &replay{
		T: t, rows: recording(t, scenario), split: s, exact: scenario == "launch-protobuf",
		env: env, agent: agent, session: session,
		events: make(chan Event, 1000), ended: make(chan error, 1),
		conns: map[int]request{}, uuids: map[string][]byte{}, told: map[string]bool{}, skipped: map[int]bool{}, first: true, forgets: scenario == "agent-restart-forgotten",
	}
	return r
}

func (r *replay) run() {
	ctx, leave := context.WithCancel(r.Context())
	r.leave = leave
	defer r.agent.close()
	defer leave()
	go func() { r.ended <- r.session.Run(ctx, func(e Event) { r.events <- e }) }()
	for i := 0; i < len(r.rows); i++ {
		i += r.play(i)
	}
	r.finish()
}

// play plays a row and says how many of the next it has dealt with.
func (r *replay) play(i int) int {
	row := r.rows[i]
	switch row.Kind {
	case "request":
		r.request(i)
	case "response":
		r.response(row)
	case "response-head":
		headers := slices.Clone(row.Headers)
		for i := range headers {
			if headers[i][0] == "Content-Type" {
				headers[i][1] = mediaType
			}
		}
		r.stream = row.Conn
		r.write(row, head(row.Status, row.Reason, headers))
	case "record":
		return r.records(i)
	case "end-chunk":
		r.write(row, []byte("0\r\n\r\n"))
	case "eof", "close":
		r.eof(i)
	case "connect-error", "exit", "note":
	default:
		r.Fatalf("%s: unknown kind", row)
	}
	return 0
}

// answered is the status of the answer to the request in row i, 0 for none.
func (r *replay) answered(i int) int {
	for _, row := range r.rows[i+1:] {
		if row.Conn != r.rows[i].Conn {
			continue
		}
		switch row.Kind {
		case "response", "response-head":
			return row.Status
		case "eof", "request":
			return 0
		}
	}
	return 0
}

func (r *replay) request(i int) {
	row := r.rows[i]
	call, status := row.call(r.T), r.answered(i)
	switch {
	case call == nil, status >= 400 && status != 404 && status != 503, row.Method != "POST":
		r.skipped[row.Conn] = true
	case call.Type == executor.Call_SUBSCRIBE:
		r.subscribe(row, call)
	case call.Type == executor.Call_UPDATE:
		r.update(row, call, status)
	case call.Type == executor.Call_MESSAGE:
		r.message(row, call)
	default:
		r.skipped[row.Conn] = true
	}
}

func (r *replay) subscribe(row row, want *executor.Call) {
	for _, u := range want.Subscribe.UnacknowledgedUpdates {
		if !r.told[string(u.Status.UUID)] {
			if err := r.tell(row, u.Status); err != nil {
				r.Fatal(err)
			}
		}
	}
	r.agent.refuse(false)
	got := r.receive(row)
	// Those updates that were never sent before get their uuid here.
	for i, u := range want.Subscribe.UnacknowledgedUpdates {
		if mine := got.call(r.T).Subscribe.UnacknowledgedUpdates; i < len(mine) {
			r.learn(u.Status.UUID, mine[i].Status.UUID)
		}
	}
	r.compare(row, want, got)
}

func (r *replay) learn(recorded, own []byte) {
	if r.uuids[string(recorded)] == nil {
		r.uuids[string(recorded)] = own
	}
}

// tell tells the session what the recorded executor told.
func (r *replay) tell(row row, s v1.TaskStatus) error {
	r.Helper()
	r.told[string(s.UUID)] = true
	err := r.session.Update(updateOf(s))
	if err != nil && !errors.Is(err, ErrEnded) {
		r.Fatalf("%s: %v", row, err)
	}
	synctest.Wait()
	return err
}

func (r *replay) update(row row, want *executor.Call, status int) {
	err := r.tell(row, want.Update.Status)
	unsent := status == 0
	if err != nil || unsent || len(r.agent.requests) == 0 {
		if known := r.rowIsKilling(want); err == nil && !unsent && !known {
			r.Fatalf("%s: the session does not send %s", row, want.Update.Status.GetState())
		}
		r.skipped[row.Conn] = true
		return
	}
	got := r.receive(row)
	own := got.call(r.T).Update.Status.UUID
	if len(own) != 16 || bytes.Equal(own, want.Update.Status.UUID) {
		r.Errorf("%s: the uuid %x is not 16 bytes of its own", row, own)
	}
	r.uuids[string(want.Update.Status.UUID)] = own
	r.compare(row, want, got)
}

// rowIsKilling reports whether the update is TASK_KILLING, which the session
// keeps from frameworks that do not know it.
func (r *replay) rowIsKilling(c *executor.Call) bool {
	return c.Update.Status.GetState() == v1.TASK_KILLING && !r.session.out.killing
}

func (r *replay) message(row row, want *executor.Call) {
	done := make(chan error, 1)
	go func() { done <- r.session.Message(r.Context(), want.Message.Data) }()
	r.compare(row, want, r.receive(row))
}

func (r *replay) receive(row row) request {
	got := r.agent.next(r.T)
	r.conns[row.Conn] = got
	return got
}

// compare holds a request against the recorded one.
func (r *replay) compare(row row, want *executor.Call, got request) {
	r.Helper()
	wantLine := []string{row.Method, row.Path, row.header("Host"), row.header("Authorization"), mediaType, mediaType}
	gotLine := []string{
		got.Method, got.RequestURI, got.Host, got.Header.Get("Authorization"),
		got.Header.Get("Content-Type"), got.Header.Get("Accept"),
	}
	if d := cmp.Diff(wantLine, gotLine); d != "" {
		r.Errorf("%s: %s", row, d)
	}
	if n := strconv.Itoa(len(got.body)); got.Header.Get("Content-Length") != n || (r.exact && want.Type != executor.Call_UPDATE && n != row.header("Content-Length")) {
		r.Errorf("%s: length %s, recorded %s", row, n, row.header("Content-Length"))
	}
	dialled := "tcp " + r.env.Address
	if row.Transport == "unix" {
		dialled = "unix " + r.env.DomainSocket
	}
	if dials := r.agent.dials(); dials[len(dials)-1] != dialled {
		r.Errorf("%s: connected to %s, want %s", row, dials[len(dials)-1], dialled)
	}
	call := got.call(r.T)
	r.normalise(call)
	if r.forgets && call.Type == executor.Call_SUBSCRIBE && !r.first {
		if n := len(call.Subscribe.UnacknowledgedTasks); n != 1 {
			r.Errorf("%s: %d unacknowledged tasks, want 1", row, n)
		}
		call.Subscribe.UnacknowledgedTasks = nil
	}
	r.expect(want)
	if d := cmp.Diff(want, call); d != "" {
		r.Errorf("%s: %s", row, d)
	}
}

// normalise takes out of a session's call what is its own: timestamps, and the
// executor's id in an update, which not every recorded update has.
func (r *replay) normalise(c *executor.Call) {
	for _, s := range statuses(c) {
		if s.Timestamp == nil || *s.Timestamp < float64(time.Now().Add(-time.Hour).Unix()) {
			r.Errorf("%s has the timestamp %v", s.GetState(), s.GetTimestamp())
		}
		if s.GetExecutorID().GetValue() != r.env.ExecutorID {
			r.Errorf("%s is of executor %q", s.GetState(), s.GetExecutorID().GetValue())
		}
		s.Timestamp, s.ExecutorID = nil, nil
	}
	if c.Subscribe != nil && len(c.Subscribe.UnacknowledgedTasks) == 0 {
		c.Subscribe.UnacknowledgedTasks = nil
	}
}

// expect makes of a recorded call what a session is to send instead.
func (r *replay) expect(c *executor.Call) {
	for _, s := range statuses(c) {
		s.UUID, s.Timestamp, s.ExecutorID = r.uuids[string(s.UUID)], nil, nil
		if s.Message != nil {
			*s.Message = cut(*s.Message)
		}
	}
	if c.Subscribe != nil && len(c.Subscribe.UnacknowledgedTasks) == 0 {
		c.Subscribe.UnacknowledgedTasks = nil
	}
	if c.Subscribe != nil && len(c.Subscribe.UnacknowledgedUpdates) == 0 {
		c.Subscribe.UnacknowledgedUpdates = nil
	}
}

func statuses(c *executor.Call) (all []*v1.TaskStatus) {
	if c.Update != nil {
		all = append(all, &c.Update.Status)
	}
	if c.Subscribe != nil {
		for i := range c.Subscribe.UnacknowledgedUpdates {
			all = append(all, &c.Subscribe.UnacknowledgedUpdates[i].Status)
		}
	}
	return all
}

// updateOf is what a caller says to have that status sent.
func updateOf(s v1.TaskStatus) Update {
	return Update{
		TaskID: s.TaskID.Value, State: s.GetState(), Message: s.GetMessage(), Reason: s.Reason, Healthy: s.Healthy,
		Container: s.ContainerStatus, Labels: s.GetLabels().GetLabels(), Check: s.CheckStatus, Data: s.Data,
	}
}

func (r *replay) response(row row) {
	if r.skipped[row.Conn] {
		delete(r.skipped, row.Conn)
		return
	}
	r.write(row, append(head(row.Status, row.Reason, row.Headers), row.bytes(r.T)...))
}

func (r *replay) write(row row, wire []byte) {
	r.Helper()
	if err := r.split.write(r.conns[row.Conn].conn, wire); err != nil {
		r.Fatalf("%s: %v", row, err)
	}
}

// records writes this record and those that follow it at once, then holds the
// events against what the handler is given.
func (r *replay) records(first int) int {
	last := first
	for last+1 < len(r.rows) && r.rows[last+1].Kind == "record" && r.rows[last+1].Conn == r.rows[first].Conn {
		last++
	}
	var wire [][]byte
	for _, row := range r.rows[first : last+1] {
		wire = append(wire, r.record(row))
	}
	r.write(r.rows[first], r.split.chunks(wire))
	for _, row := range r.rows[first : last+1] {
		if want := r.expected(row.event(r.T)); want != nil {
			r.seen(row, want)
		}
	}
	synctest.Wait()
	return last - first
}

// record is the recorded one where the recording is protobuf, with the session's
// own uuid in it.
func (r *replay) record(row row) []byte {
	ev := row.event(r.T)
	recorded := ev.GetAcknowledged().GetUUID()
	own := r.uuids[string(recorded)]
	if row.BodyBase64 == "" {
		if own != nil {
			ev.Acknowledged.UUID = own
		}
		return record(r.T, ev)
	}
	body := row.bytes(r.T)
	if own != nil {
		body = bytes.ReplaceAll(body, recorded, own)
	}
	rec := append(fmt.Appendf(nil, "%d\n", row.Length), body...)
	if !slices.Equal(row.Chunks, []int{len(rec)}) {
		r.Fatalf("%s: %d bytes in chunks of %v", row, len(rec), row.Chunks)
	}
	return rec
}

func (r *replay) seen(row row, want Event) {
	r.Helper()
	select {
	case got := <-r.events:
		if d := cmp.Diff(want, got); d != "" {
			r.Errorf("%s: %s", row, d)
		}
	case <-time.After(time.Minute):
		r.Fatalf("%s: the handler is not told", row)
	}
}

// expected is what a handler is told of an event, nil for nothing.
func (r *replay) expected(ev *executor.Event) Event {
	switch ev.Type {
	case executor.Event_SUBSCRIBED:
		s := Subscribed{
			Again: !r.first, Executor: ev.Subscribed.ExecutorInfo, Framework: ev.Subscribed.FrameworkInfo,
			Agent: ev.Subscribed.AgentInfo, ContainerID: ev.Subscribed.ContainerID.Value,
		}
		r.first = false
		return s
	case executor.Event_LAUNCH:
		return Launch{Tasks: []v1.TaskInfo{ev.Launch.Task}}
	case executor.Event_LAUNCH_GROUP:
		return Launch{Tasks: ev.LaunchGroup.TaskGroup.Tasks, Group: true}
	case executor.Event_KILL:
		return killOf(ev.Kill)
	case executor.Event_MESSAGE:
		return Message{Data: ev.Message.Data}
	case executor.Event_SHUTDOWN:
		return Shutdown{}
	default:
		return nil
	}
}

// eof ends the stream. Where the agent is gone for a while, connections are
// refused until the row that subscribes again.
func (r *replay) eof(i int) {
	stream := r.conns[r.rows[i].Conn]
	if r.rows[i].Conn != r.stream {
		return
	}
	rest := r.rows[i+1:]
	back := slices.ContainsFunc(rest, func(x row) bool { return x.Kind == "request" && x.Conn > r.rows[i].Conn+1 })
	r.agent.refuse(!back || slices.ContainsFunc(rest, func(x row) bool { return x.Kind == "connect-error" }))
	stream.conn.Close()
	synctest.Wait()
}

// finish ends the session as the executor did: by leaving, or because the agent
// is lost.
func (r *replay) finish() {
	if slices.ContainsFunc(r.rows, func(x row) bool { return x.Kind == "eof" && x.Note == "stream ended" }) && !r.env.Checkpoint {
		lost := <-r.events
		if _, ok := lost.(Lost); !ok {
			r.Errorf("got %T, want Lost", lost)
		}
		if err := <-r.ended; err == nil {
			r.Error("Run must return the loss of the agent")
		}
		return
	}
	r.leave()
	if err := <-r.ended; err != nil {
		r.Error(err)
	}
	if len(r.events) > 0 {
		r.Errorf("an event too many: %#v", <-r.events)
	}
	if len(r.agent.requests) > 0 {
		r.Errorf("a request too many: %s", (<-r.agent.requests).call(r.T))
	}
}
