package mesos

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// chaos is an agent that fails at every step: it refuses, closes before and
// after it has dealt with a call, cuts within a record, and acknowledges early,
// twice or not before its next life.
type chaos struct {
	*testing.T
	*scripted
	rand   *rand.Rand
	calm   bool
	stream net.Conn
	seen   map[string]bool
	// received are the messages of updates in the order of their first arrival.
	received []string
	done     chan struct{}
}

func (c *chaos) serve() {
	for {
		select {
		case r := <-c.requests:
			c.answer(r)
		case <-c.done:
			return
		}
	}
}

// fails is true with a probability of one in n, until the calm.
func (c *chaos) fails(n int) bool { return !c.calm && c.rand.IntN(n) == 0 }

// write ignores a session that has gone: that is one of the faults.
func (c *chaos) write(conn net.Conn, wire []byte) { _, _ = conn.Write(wire) }

func (c *chaos) answer(r request) {
	call := r.call(c.T)
	switch {
	case call.Type == executor.Call_SUBSCRIBE && c.fails(4):
		c.write(r.conn, pick(c.rand, answer(503, "Agent has not finished recovery"), answer(404, "404 Not Found."), streamHead()))
		r.conn.Close()
	case call.Type == executor.Call_SUBSCRIBE:
		c.subscribed(r.conn, call.Subscribe)
	case c.stream == nil:
		c.write(r.conn, answer(403, "Executor is not subscribed"))
	case c.fails(6):
		r.conn.Close()
	case c.fails(6):
		c.write(r.conn, answer(500, "?"))
	default:
		c.updated(r.conn, call.Update.Status)
	}
}

func (c *chaos) subscribed(conn net.Conn, call *executor.Call_Subscribe) {
	for _, u := range call.UnacknowledgedUpdates {
		c.receive(u.Status)
	}
	if c.fails(4) {
		conn.Close()
		return
	}
	c.stream = conn
	c.write(conn, streamHead())
	c.write(conn, chunk(record(c.T, &executor.Event{Type: executor.Event_SUBSCRIBED, Subscribed: &executor.Event_Subscribed{}})))
	for _, u := range call.UnacknowledgedUpdates {
		c.acknowledge(u.Status)
	}
}

func (c *chaos) updated(conn net.Conn, s v1.TaskStatus) {
	c.receive(s)
	early := c.fails(2)
	if early {
		c.acknowledge(s)
	}
	if c.fails(6) {
		conn.Close()
	} else {
		c.write(conn, accepted())
	}
	if !early {
		c.acknowledge(s)
	}
}

func (c *chaos) receive(s v1.TaskStatus) {
	if !c.seen[string(s.UUID)] {
		c.seen[string(s.UUID)] = true
		c.received = append(c.received, s.GetMessage())
	}
}

func (c *chaos) acknowledge(s v1.TaskStatus) {
	if c.stream == nil {
		return
	}
	wire := chunk(record(c.T, &executor.Event{
		Type: executor.Event_ACKNOWLEDGED, Acknowledged: &executor.Event_Acknowledged{TaskID: s.TaskID, UUID: s.UUID},
	}))
	switch {
	case c.fails(8):
		c.write(c.stream, wire[:c.rand.IntN(len(wire))])
		c.die()
	case c.fails(4):
		c.write(c.stream, append(wire, wire...))
	default:
		c.write(c.stream, wire)
	}
}

// die drops every connection, and may refuse new ones for a time.
func (c *chaos) die() {
	c.stream = nil
	if c.fails(2) {
		c.refuse(true)
		time.AfterFunc(time.Duration(c.rand.IntN(20))*time.Second, func() { c.refuse(false) })
	}
	c.cut()
}

// TestUpdatesUnderRandomFaultsOfTheAgent holds, for a whole session: the agent
// sees every update, in order, each uuid of one update only, and none after its
// task's end.
func TestUpdatesUnderRandomFaultsOfTheAgent(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { underChaos(t, seed) })
		})
	}
}

func underChaos(t *testing.T, seed uint64) {
	t.Helper()
	b := newBench(t, checkpointing(), func(b *bench, e Event) { b.events <- e })
	c := &chaos{T: t, scripted: b.agent, rand: rand.New(rand.NewPCG(seed, 1)), seen: map[string]bool{}, done: make(chan struct{})}
	served := make(chan struct{})
	go func() { defer close(served); c.serve() }()

	given := tellAtRandom(t, b.session, rand.New(rand.NewPCG(seed, 2)))
	// The calm comes between two of the agent's steps: all else sleeps.
	synctest.Wait()
	c.calm = true
	if err := b.session.Flush(t.Context(), 24*time.Hour); err != nil {
		t.Error(err)
	}
	b.leave()
	if err := <-b.ended; err != nil {
		t.Error(err)
	}
	close(c.done)
	<-served
	b.agent.close()
	if d := cmp.Diff(given, c.received); d != "" {
		t.Errorf("given and received differ: %s", d)
	}
}

// tellAtRandom gives updates of three tasks and returns their messages.
func tellAtRandom(t *testing.T, s *Session, r *rand.Rand) (given []string) {
	t.Helper()
	ended := map[string]bool{}
	for i := range 40 {
		u := Update{
			TaskID: taskName(r), Message: fmt.Sprint(i),
			State: pick(r, v1.TASK_STARTING, v1.TASK_RUNNING, v1.TASK_RUNNING, v1.TASK_RUNNING, v1.TASK_RUNNING, v1.TASK_FAILED),
		}
		if err := s.Update(u); (err != nil) != ended[u.TaskID] {
			t.Fatalf("update %d of %s: %v", i, u.TaskID, err)
		}
		if !ended[u.TaskID] {
			given = append(given, u.Message)
		}
		ended[u.TaskID] = ended[u.TaskID] || Terminal(u.State)
		<-time.After(time.Duration(r.IntN(3)) * 700 * time.Millisecond)
	}
	return given
}
