package agent

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// The conversations in testdata/wire were recorded from a real agent. Each is repeated here: the executor's bytes are
// sent as they were, the scheduler's calls are made at the same point, and every answer, record and update must be the
// recorded one but for container id, port, date, pid, and the uuid and time of the agent's own updates.

const patience = 20 * time.Second

// row is one line of a recording, of the executor's or of the scheduler's file.
type row struct {
	T       float64
	Conn    int
	Dir     string
	Kind    string
	Status  int
	Headers [][2]string
	Method  string
	Path    string
	Note    string

	Transport string
	Type      string
	Body      json.RawMessage
	Raw       string `json:"body_raw"`
	Base64    []byte `json:"body_base64"`
}

func (r row) fromScheduler() bool { return strings.Contains(r.Dir, "scheduler") }

func (r row) bytes(t *testing.T) []byte {
	t.Helper()
	switch {
	case r.Raw != "":
		return []byte(r.Raw)
	case r.Body != nil:
		return compact(t, r.Body)
	}

	return r.Base64
}

func compact(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		t.Fatalf("compacting %s: %v", data, err)
	}

	return b.Bytes()
}

func readRows(t *testing.T, path string) []row {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for line := range bytes.Lines(data) {
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		rows = append(rows, r)
	}

	return rows
}

func TestEveryRecordedConversationIsAnsweredAsRecorded(t *testing.T) {
	recordings, err := filepath.Glob("testdata/wire/*.scheduler.jsonl")
	if err != nil || len(recordings) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, path := range recordings {
		name := strings.TrimSuffix(filepath.Base(path), ".scheduler.jsonl")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := append(readRows(t, path), readRows(t, "testdata/wire/"+name+".jsonl")...)
			slices.SortStableFunc(rows, func(x, y row) int { return cmp.Compare(x.T, y.T) })
			replay(t, name, rows)
		})
	}
}

// recordedIDs are the names that the recording and the replay must share.
type recordedIDs struct {
	framework mesos.FrameworkInfo
	executor  string
	agent     string
	container string
}

func idsOf(t *testing.T, rows []row) recordedIDs {
	t.Helper()
	for _, r := range rows {
		if r.Kind != "record" {
			continue
		}
		event := decodeEvent(t, r)
		if s := event.Subscribed; s != nil {
			return recordedIDs{s.FrameworkInfo, s.ExecutorInfo.ExecutorID.Value, s.AgentInfo.ID.Value, s.ContainerID.Value}
		}
	}
	t.Fatal("no SUBSCRIBED in the recording")

	return recordedIDs{}
}

func decodeEvent(t *testing.T, r row) *executor.Event {
	t.Helper()
	event := &executor.Event{}
	var err error
	if r.Body != nil {
		err = unmarshalJSON(r.Body, event)
	} else {
		err = event.Unmarshal(r.Base64)
	}
	if err != nil {
		t.Fatalf("reading a recorded event: %v", err)
	}

	return event
}

// player repeats one recording.
type player struct {
	t      *testing.T
	agent  *Agent
	ids    recordedIDs
	rows   []row
	conns  map[int]*wireConn
	events <-chan Event
	seen   []Event
	uuids  map[string]bool
}

// wireConn is a raw connection: what the agent writes is looked at chunk by chunk.
type wireConn struct {
	net.Conn

	r        *bufio.Reader
	stream   bool
	closed   bool
	awaiting bool // an answer
}

func replay(t *testing.T, name string, rows []row) {
	t.Helper()
	ids := idsOf(t, rows)
	opts := Options{WorkDir: t.TempDir(), AgentID: ids.agent, Attach: true, ManualAcknowledge: true, ShutdownGrace: 100 * time.Millisecond}
	switch name {
	case "auth":
		opts.JWTSecret = []byte("a secret of this test")
	case "domain-socket":
		opts.DomainSocket = filepath.Join(t.TempDir(), "agent.sock")
	}
	a, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, agent: a, ids: ids, rows: rows, conns: map[int]*wireConn{}, events: a.Watch(t.Context()), uuids: map[string]bool{}}
	defer func() {
		for _, c := range p.conns {
			c.Close()
		}
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()

	for i, r := range rows {
		p.play(i, r)
		if t.Failed() {
			t.Fatalf("at %v s: conn %d, %s %s %s", r.T, r.Conn, r.Dir, r.Kind, r.Type)
		}
	}
	if name == "agent-restart-forgotten" {
		// The real agent had not registered with its master again when the executor exited, so the failure was never told.
		p.take("a failure", func(e Event) bool { return e.Failure != nil })
	}
	p.nothingMore()
}

func (p *player) play(i int, r row) {
	if r.fromScheduler() {
		p.playScheduler(r)

		return
	}
	switch r.Kind {
	case "request":
		p.bringUpFor(i)
		p.send(r)
	case "response", "response-head":
		p.head(r)
	case "record":
		p.record(r)
	case "close":
		p.conns[r.Conn].Close()
		p.conns[r.Conn].closed = true
	case "eof":
		if !p.closedBefore(i) && p.agent.isUp() {
			p.agent.down()
		}
	case "connect-error":
		if c, err := net.Dial("tcp", p.agent.Endpoint()); err == nil {
			c.Close()
			p.t.Error("the agent listens while it should be down")
		}
	case "exit":
		if p.agent.isUp() && !p.gaveUp() {
			p.check(p.agent.Exited(p.ids.framework.ID.Value, p.ids.executor, 0))
			eventually(p.t, "the executor is gone", p.gaveUp)
		}
	}
}

func (p *player) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Error(err)
	}
}

// gaveUp tells that the master forgot the executor already.
func (p *player) gaveUp() bool {
	e, err := p.agent.Executor(p.ids.framework.ID.Value, p.ids.executor)

	return err != nil || e.State == "TERMINATED"
}

func (a *Agent) isUp() bool {
	a.mu.Lock()
	defer a.mu.Unlock()

	return a.phase == phaseRunning
}

func (p *player) closedBefore(i int) bool {
	return slices.ContainsFunc(p.rows[:i], func(r row) bool { return r.Kind == "close" && r.Conn == p.rows[i].Conn })
}

// bringUpFor brings an agent that is down as far up as the recorded answer to a request says.
func (p *player) bringUpFor(i int) {
	if p.agent.isUp() {
		return
	}
	answered := slices.IndexFunc(p.rows[i:], func(r row) bool { return strings.HasPrefix(r.Kind, "response") && r.Conn == p.rows[i].Conn })
	if answered < 0 {
		return // sent into a connection that ended
	}
	p.bringUp(p.rows[i+answered].Status)
}

func (p *player) bringUp(status int) {
	p.agent.mu.Lock()
	phase := p.agent.phase
	p.agent.mu.Unlock()
	if phase == phaseDown {
		p.check(p.agent.listen(p.t.Context(), phaseRoutes))
		phase = phaseRoutes
	}
	if status == http.StatusNotFound {
		return
	}
	if phase == phaseRoutes {
		p.agent.recover()
	}
	if status != http.StatusServiceUnavailable {
		p.agent.recovered()
	}
}

func (p *player) send(r row) {
	c := p.conns[r.Conn]
	if c == nil {
		network, address := "tcp", p.agent.Endpoint()
		if r.Transport == "unix" {
			network, address = "unix", p.agent.opts.DomainSocket
		}
		conn, err := net.Dial(network, address)
		if err != nil {
			p.t.Fatal(err)
		}
		p.check(conn.SetDeadline(time.Now().Add(patience)))
		c = &wireConn{Conn: conn, r: bufio.NewReader(conn)}
		p.conns[r.Conn] = c
	}
	body := r.bytes(p.t)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, r.Path)
	for _, h := range r.Headers {
		switch h[0] {
		case "Content-Length":
			h[1] = strconv.Itoa(len(body))
		case "Authorization":
			h[1] = strings.Replace(h[1], "TOKEN", p.token(strings.Contains(r.Note, "wrong signature")), 1)
		}
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	b.Write(body)
	c.awaiting = true
	_, _ = c.Write(b.Bytes()) // into a dead connection when it was recorded so
}

func (p *player) token(wrong bool) string {
	if wrong {
		return newToken([]byte("another secret"), claims{})
	}
	e, err := p.agent.Executor(p.ids.framework.ID.Value, p.ids.executor)
	p.check(err)
	for _, v := range e.Environment {
		if token, ok := strings.CutPrefix(v, "MESOS_EXECUTOR_AUTHENTICATION_TOKEN="); ok {
			return token
		}
	}
	p.t.Fatal("the executor was given no token")

	return ""
}

// head reads an answer, with its body unless a stream follows.
func (p *player) head(r row) {
	c := p.conns[r.Conn]
	c.awaiting = false
	line := p.line(c)
	if want := fmt.Sprintf("HTTP/1.1 %d %s", r.Status, http.StatusText(r.Status)); line != want {
		p.t.Errorf("status line %q, want %q", line, want)
	}
	got := map[string]string{}
	for line := p.line(c); line != ""; line = p.line(c) {
		name, value, _ := strings.Cut(line, ": ")
		got[name] = value
	}
	if got["Date"] == "" {
		p.t.Error("no Date header")
	}
	want := map[string]string{}
	for _, h := range r.Headers {
		want[h[0]] = latin1(h[1])
	}
	length, _ := strconv.Atoi(got["Content-Length"])
	got["Date"] = want["Date"]
	if diff := gocmp.Diff(want, got); diff != "" {
		p.t.Errorf("headers (-recorded +got):\n%s", diff)
	}
	if r.Kind == "response-head" {
		c.stream = true

		return
	}
	body := make([]byte, length)
	_, err := io.ReadFull(c.r, body)
	p.check(err)
	if diff := gocmp.Diff(string(r.bytes(p.t)), string(body)); diff != "" {
		p.t.Errorf("body (-recorded +got):\n%s", diff)
	}
}

// latin1 gives the bytes of a recorded header value.
func latin1(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}

	return string(b)
}

func (p *player) line(c *wireConn) string {
	line, err := c.r.ReadString('\n')
	if err != nil {
		p.t.Fatalf("reading an answer: %v", err)
	}

	return strings.TrimSuffix(line, "\r\n")
}

// record reads one record, which must be one chunk.
func (p *player) record(r row) {
	got := p.chunk(p.conns[r.Conn])
	length, data, _ := bytes.Cut(got, []byte("\n"))
	if string(length) != strconv.Itoa(len(data)) {
		p.t.Fatalf("the record says length %s and has %d", length, len(data))
	}
	if r.Body == nil {
		p.compareProtobuf(r, data)

		return
	}
	want := p.translate(r.bytes(p.t))
	if diff := gocmp.Diff(string(want), string(data)); diff != "" {
		p.t.Errorf("record (-recorded +got):\n%s", diff)
	}
}

func (p *player) chunk(c *wireConn) []byte {
	size, err := strconv.ParseInt(p.line(c), 16, 32)
	if err != nil {
		p.t.Fatalf("reading a chunk: %v", err)
	}
	data := make([]byte, size)
	_, err = io.ReadFull(c.r, data)
	p.check(err)
	p.line(c)

	return data
}

func (p *player) compareProtobuf(r row, data []byte) {
	var got executor.Event
	p.check(got.Unmarshal(data))
	want := p.translate(marshalJSON(decodeEvent(p.t, r)))
	if diff := gocmp.Diff(string(want), string(marshalJSON(&got))); diff != "" {
		p.t.Errorf("record (-recorded +got):\n%s", diff)
	}
}

// translate puts this agent's container id and port into recorded bytes.
func (p *player) translate(recorded []byte) []byte {
	e, err := p.agent.Executor(p.ids.framework.ID.Value, p.ids.executor)
	p.check(err)
	recorded = bytes.ReplaceAll(recorded, []byte(p.ids.container), []byte(e.ContainerID))

	return bytes.ReplaceAll(recorded, []byte(`"port":5051`), fmt.Appendf(nil, `"port":%d`, p.agent.port))
}

// The scheduler's side.

func (p *player) playScheduler(r row) {
	id := p.ids.framework.ID.Value
	switch r.Type {
	case "ACCEPT":
		p.accept(r)
	case "KILL":
		var call struct{ Kill executor.Event_Kill }
		p.decode(r, "kill", &call.Kill)
		p.check(p.agent.Kill(id, call.Kill.TaskID.Value, call.Kill.KillPolicy))
	case "SHUTDOWN":
		if !p.gaveUp() {
			p.check(p.agent.Shutdown(id, p.ids.executor))
		}
	case "TEARDOWN":
		p.check(p.agent.Teardown(id))
	case "MESSAGE":
		if r.Dir == "scheduler->master" {
			var m executor.Event_Message
			p.decode(r, "message", &m)
			p.check(p.agent.Message(id, p.ids.executor, m.Data))

			return
		}
		p.expectMessage(r)
	case "UPDATE":
		p.expectUpdate(r)
	case "FAILURE":
		p.expectFailure(r)
	}
}

// decode reads the part of a scheduler's call or event with that name.
func (p *player) decode(r row, name string, into any) {
	var parts map[string]json.RawMessage
	p.check(json.Unmarshal(r.Body, &parts))
	p.check(unmarshalJSON(parts[name], into))
}

func (p *player) accept(r row) {
	var call struct {
		Accept struct {
			Operations []struct {
				Launch struct {
					Tasks []json.RawMessage `json:"task_infos"`
				}
				Group struct {
					Executor  json.RawMessage
					TaskGroup struct{ Tasks []json.RawMessage } `json:"task_group"`
				} `json:"launch_group"`
			}
		}
	}
	p.check(json.Unmarshal(r.Body, &call))
	for _, op := range call.Accept.Operations {
		launch, raw := p.agent.Launch, op.Launch.Tasks
		if raw == nil {
			launch, raw = p.agent.LaunchGroup, op.Group.TaskGroup.Tasks
		}
		var tasks []mesos.TaskInfo
		for _, r := range raw {
			var task mesos.TaskInfo
			p.check(unmarshalJSON(r, &task))
			tasks = append(tasks, task)
		}
		info := mesos.ExecutorInfo{}
		if op.Group.Executor != nil {
			p.check(unmarshalJSON(op.Group.Executor, &info))
		} else {
			info = *tasks[0].Executor
		}
		p.check(launch(p.t.Context(), p.ids.framework, info, tasks...))
	}
}

// take waits for the first event that fits, in order among those that do.
func (p *player) take(what string, fits func(Event) bool) Event {
	deadline := time.After(patience)
	for {
		if i := slices.IndexFunc(p.seen, fits); i >= 0 {
			event := p.seen[i]
			p.seen = slices.Delete(p.seen, i, i+1)

			return event
		}
		select {
		case event := <-p.events:
			p.seen = append(p.seen, event)
		case <-deadline:
			p.t.Fatalf("the scheduler never saw %s; it saw %d others", what, len(p.seen))
		}
	}
}

func (p *player) expectUpdate(r row) {
	var want struct{ Update executor.Call_Update }
	p.decode(r, "update", &want.Update)
	status := want.Update.Status
	if uuid := string(status.UUID); uuid != "" {
		if p.uuids[uuid] {
			return // sent again by the real agent: it had not seen the acknowledgement when it restarted
		}
		p.uuids[uuid] = true
	}
	got := *p.take("update of "+status.TaskID.Value, func(e Event) bool {
		return e.Status != nil && e.Status.TaskID == status.TaskID
	}).Status
	if got.UUID != nil {
		p.settle()
		p.agent.Acknowledge(p.ids.framework.ID.Value, got.TaskID.Value, got.UUID)
	}
	if got.GetSource() != mesos.SOURCE_EXECUTOR {
		if got.Timestamp == nil || (got.UUID == nil) != (status.UUID == nil) {
			p.t.Error("an update of the agent's own needs a time, and a uuid as recorded")
		}
		got.UUID, got.Timestamp = status.UUID, status.Timestamp
	}
	if got.Timestamp != nil && p.hadNoTime(status) {
		got.Timestamp = status.Timestamp
	}
	if status.ContainerStatus != nil {
		status.ContainerStatus.ExecutorPID = nil // no process here
	}
	if diff := gocmp.Diff(string(p.translate(marshalJSON(&status))), string(marshalJSON(&got))); diff != "" {
		p.t.Errorf("update (-recorded +got):\n%s", diff)
	}
}

// settle waits until all calls that were sent are handled: those recorded before an acknowledgement came before it.
func (p *player) settle() {
	for _, c := range p.conns {
		if c.awaiting && !c.closed {
			_, _ = c.r.Peek(1)
		}
	}
}

// hadNoTime tells whether the executor left the time of an update to the agent.
func (p *player) hadNoTime(status mesos.TaskStatus) bool {
	uuid := []byte(base64.StdEncoding.EncodeToString(status.UUID))

	return slices.ContainsFunc(p.rows, func(r row) bool {
		return r.Kind == "request" && bytes.Contains(r.Body, uuid) && bytes.Contains(r.Body, []byte(`"value":"`+status.TaskID.Value)) &&
			!bytes.Contains(r.Body, []byte("timestamp"))
	})
}

func (p *player) expectFailure(r row) {
	if !p.agent.isUp() {
		p.bringUp(http.StatusOK)
	}
	var want struct {
		Failure struct {
			Executor struct{ Value string } `json:"executor_id"`
			Status   int
		}
	}
	p.check(json.Unmarshal(r.Body, &want))
	got := p.take("a failure", func(e Event) bool { return e.Failure != nil }).Failure
	if diff := gocmp.Diff(&Failure{want.Failure.Executor.Value, want.Failure.Status}, got); diff != "" {
		p.t.Errorf("failure (-recorded +got):\n%s", diff)
	}
}

func (p *player) expectMessage(r row) {
	var want struct{ Message struct{ Data string } }
	p.check(json.Unmarshal(r.Body, &want))
	got := p.take("a message", func(e Event) bool { return e.Message != nil }).Message
	if want.Message.Data != base64.StdEncoding.EncodeToString(got.Data) {
		p.t.Errorf("message %q, want %q", got.Data, want.Message.Data)
	}
}

// nothingMore holds that neither the executor nor the scheduler got what the recording does not have.
func (p *player) nothingMore() {
	for _, n := range slices.Sorted(maps.Keys(p.conns)) {
		c := p.conns[n]
		if !c.stream || c.closed {
			continue
		}
		p.check(c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)))
		rest, err := io.ReadAll(c.r)
		if len(rest) > 0 && string(rest) != "0\r\n\r\n" {
			p.t.Errorf("conn %d: more than was recorded: %q", n, rest)
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed) {
			p.t.Logf("conn %d: %v", n, err)
		}
	}
	for {
		select {
		case event := <-p.events:
			p.seen = append(p.seen, event)

			continue
		default:
		}

		break
	}
	for _, event := range p.seen {
		p.t.Errorf("the scheduler saw more than was recorded: %+v", event)
	}
}
