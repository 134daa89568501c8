package agent

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// The conversations in testdata/wire were recorded from a real agent. Each is repeated here: the executor's bytes are
// sent as they were, the scheduler's calls are made at the same point, and every answer, record and update must be the
// recorded one but for container id, port, date, pid, and the uuid and time of the agent's own updates.

const patience = 20 * time.Second

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
