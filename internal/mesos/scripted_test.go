package mesos

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// scripted is the agent's side of connections in memory. It reads the requests
// of a session and writes exactly the bytes it is told to.
type scripted struct {
	requests chan request

	mu      sync.Mutex
	refuses bool
	dialled []string
	conns   []net.Conn
	reading sync.WaitGroup
}

// request is one request of the session, with the connection to answer on.
type request struct {
	*http.Request
	conn net.Conn
	body []byte
}

func (r request) call(t *testing.T) *executor.Call {
	t.Helper()
	c := &executor.Call{}
	if err := c.Unmarshal(r.body); err != nil {
		t.Fatalf("the session sends what is no call: %v", err)
	}
	return c
}

func newScripted() *scripted { return &scripted{requests: make(chan request, 100)} }

func (a *scripted) dial(_ context.Context, network, address string) (net.Conn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dialled = append(a.dialled, network+" "+address)
	if a.refuses {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	a.conns = append(a.conns, ours)
	a.reading.Go(func() { a.read(ours) })
	return theirs, nil
}

func (a *scripted) read(conn net.Conn) {
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		a.requests <- request{Request: r, conn: conn, body: body}
	}
}

// refuse says whether connections are refused from now on.
func (a *scripted) refuse(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuses = on
}

func (a *scripted) dials() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.dialled...)
}

// next waits for a request. An hour of a bubble's time is none.
func (a *scripted) next(t *testing.T) request {
	t.Helper()
	select {
	case r := <-a.requests:
		return r
	case <-time.After(time.Hour):
		t.Fatal("the session sends no request")
		return request{}
	}
}

// cut closes all connections, as an agent that dies.
func (a *scripted) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.conns {
		c.Close()
	}
	a.conns = nil
}

// close ends the agent and waits for its readers.
func (a *scripted) close() {
	a.refuse(true)
	a.cut()
	a.reading.Wait()
}

// head is the first part of an answer with the headers in the given order.
func head(status int, reason string, headers [][2]string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, reason)
	for _, h := range headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

func streamHead() []byte {
	return head(200, "OK", [][2]string{{"Date", "Sun, 22 Nov 2026 13:35:56 GMT"}, {"Transfer-Encoding", "chunked"}, {"Content-Type", mediaType}})
}

func accepted() []byte {
	return head(202, "Accepted", [][2]string{{"Date", "Sun, 22 Nov 2026 13:35:56 GMT"}, {"Content-Length", "0"}})
}

func answer(status int, text string) []byte {
	return append(head(status, http.StatusText(status), [][2]string{
		{"Content-Type", "text/plain; charset=utf-8"}, {"Content-Length", fmt.Sprint(len(text))},
	}), text...)
}

// record frames an event for the stream.
func record(t *testing.T, ev *executor.Event) []byte {
	t.Helper()
	b, err := ev.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return append(fmt.Appendf(nil, "%d\n", len(b)), b...)
}

func chunk(data []byte) []byte {
	b := fmt.Appendf(nil, "%x\r\n", len(data))
	return append(append(b, data...), "\r\n"...)
}

// A split says how records reach the session: the HTTP chunks they are put in
// and the pieces in which these are written.
type split struct {
	chunks func(records [][]byte) []byte
	write  func(w io.Writer, wire []byte) error
}

func splits() map[string]split {
	oneChunkEach := func(records [][]byte) []byte {
		var b []byte
		for _, r := range records {
			b = append(b, chunk(r)...)
		}
		return b
	}
	oneByteChunks := func(records [][]byte) []byte {
		var b []byte
		for _, c := range bytes.Join(records, nil) {
			b = append(b, chunk([]byte{c})...)
		}
		return b
	}
	oneChunk := func(records [][]byte) []byte { return chunk(bytes.Join(records, nil)) }
	return map[string]split{
		"as recorded":                 {oneChunkEach, writeAtOnce},
		"written byte by byte":        {oneChunkEach, writeBytes},
		"a chunk for every byte":      {oneByteChunks, writeAtOnce},
		"several records in a chunk":  {oneChunk, writeAtOnce},
		"one chunk, byte by byte too": {oneChunk, writeBytes},
	}
}

func writeAtOnce(w io.Writer, wire []byte) error {
	_, err := w.Write(wire)
	return err
}

func writeBytes(w io.Writer, wire []byte) error {
	for i := range wire {
		if _, err := w.Write(wire[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}
