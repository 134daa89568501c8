package mesos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/mesos/mesos-go/api/v1/lib"
)

// faults is a queue, an agent that takes what arrives and acknowledges it,
// sometimes late, twice or never, as between restarts, and what is to hold of
// both, by what was done. Two bytes are a step.
type faults struct {
	*testing.T

	queue queue
	step  int

	// given are the uuids that the agent is to see, in order, and of what launch
	// each is; launches are the ids of the tasks, known whether the agent has
	// acknowledged an update of one.
	given    []string
	of       map[string]int
	launches []string
	known    map[int]bool
	live     map[string]int // the launch of an id, while it has not ended
	over     map[string]bool

	// received are the uuids in the order of their first arrival, acks what the
	// agent is still to acknowledge.
	received []string
	acks     []string
}

func newFaults(t *testing.T) *faults {
	t.Helper()
	return &faults{
		T: t, queue: newQueue(), of: map[string]int{}, known: map[int]bool{}, live: map[string]int{}, over: map[string]bool{},
	}
}

// do takes the steps that the bytes say, then lets the faults end.
func (f *faults) do(steps []byte) {
	f.Helper()
	for ; len(steps) > 1; steps = steps[2:] {
		f.step++
		f.one(steps[0], int(steps[1]))
		f.holds()
	}
	f.reconnect(true)
	for len(f.acks) > 0 {
		f.acknowledge(0, true)
	}
	f.holds()
	if !slices.Equal(f.given, f.received) || !f.queue.delivered(false) {
		f.Fatalf("given and received differ: %s, left: %s", cmp.Diff(f.given, f.received), content(&f.queue))
	}
}

func (f *faults) one(what byte, how int) {
	f.Helper()
	switch what % 9 {
	case 0:
		f.launch(string(rune('a' + how%3)))
	case 1, 2:
		f.tell(string(rune('a'+how%3)), how/3)
	case 3, 4:
		f.post(how % 4)
	case 5:
		f.acknowledge(how/2, how%2 == 0)
	case 6:
		f.reconnect(how%3 == 0)
	case 7:
		if f.queue.acknowledged([]byte(fmt.Sprint("of nobody ", how))) {
			f.Fatal("an acknowledgement of nothing is taken for one")
		}
	case 8:
		f.refuse()
	}
}

func (f *faults) launch(id string) {
	f.Helper()
	_, runs := f.live[id]
	if f.queue.launched(taskInfo(id)) == runs {
		f.Fatalf("step %d: %s is launched, though it runs: %v", f.step, id, runs)
	}
	if !runs {
		f.live[id] = len(f.launches)
		f.launches = append(f.launches, id)
		f.over[id] = false
	}
}

func (f *faults) tell(id string, how int) {
	f.Helper()
	states := []v1.TaskState{v1.TASK_STARTING, v1.TASK_RUNNING, v1.TASK_RUNNING, v1.TASK_FINISHED, v1.TASK_KILLED}
	state, uuid := states[how%len(states)], fmt.Sprint(f.step)
	err := f.queue.add(told(id, state, uuid))
	if (err != nil) != f.over[id] {
		f.Fatalf("step %d: %s has ended: %v, its update: %v", f.step, id, f.over[id], err)
	}
	if err != nil {
		return
	}
	f.given = append(f.given, uuid)
	f.of[uuid] = -1
	if launch, runs := f.live[id]; runs {
		f.of[uuid] = launch
	}
	if Terminal(state) {
		f.over[id] = true
		delete(f.live, id)
	}
}

// post sends the next update; the call or its answer may be lost.
func (f *faults) post(fault int) {
	status, ok := f.queue.next()
	if !ok || fault == 0 {
		return
	}
	f.receive(string(status.UUID))
	if fault != 1 {
		f.queue.sent(status.UUID)
	}
}

func (f *faults) receive(uuid string) {
	if !slices.Contains(f.received, uuid) {
		f.received = append(f.received, uuid)
	}
	f.acks = append(f.acks, uuid)
}

// refuse has the agent refuse the next update, unless it has it already.
func (f *faults) refuse() {
	status, ok := f.queue.next()
	if !ok || slices.Contains(f.received, string(status.UUID)) {
		return
	}
	f.queue.refused(status.UUID)
	f.given = slices.DeleteFunc(f.given, func(uuid string) bool { return uuid == string(status.UUID) })
}

// acknowledge delivers one of the acknowledgements; it may stay, to come again.
func (f *faults) acknowledge(which int, last bool) {
	if len(f.acks) == 0 {
		return
	}
	which %= len(f.acks)
	uuid := f.acks[which]
	if last {
		f.acks = slices.Delete(f.acks, which, which+1)
	}
	if f.queue.acknowledged([]byte(uuid)) {
		f.known[f.of[uuid]] = true
	}
}

// reconnect loses what the agent had not acknowledged yet. The SUBSCRIBE that
// follows may be lost too.
func (f *faults) reconnect(arrives bool) {
	f.queue.rewind()
	f.acks = nil
	if !arrives {
		return
	}
	call := f.queue.subscribe()
	for _, u := range call.UnacknowledgedUpdates {
		f.receive(string(u.Status.UUID))
	}
	f.queue.carried(call)
}

// holds checks what is to be true after every step: the agent has seen the
// updates in the order they were given, and a SUBSCRIBE names just the tasks of
// which it has acknowledged nothing.
func (f *faults) holds() {
	f.Helper()
	if !slices.Equal(f.received, f.given[:min(len(f.received), len(f.given))]) {
		f.Fatalf("step %d: the agent saw %v of %v", f.step, f.received, f.given)
	}
	var want, got []string
	for i, id := range f.launches {
		if !f.known[i] {
			want = append(want, id)
		}
	}
	for _, task := range f.queue.subscribe().UnacknowledgedTasks {
		got = append(got, task.TaskID.Value)
	}
	if !slices.Equal(want, got) {
		f.Fatalf("step %d: SUBSCRIBE names the tasks %v, want %v", f.step, got, want)
	}
}

// TestTheQueueUnderRandomFaults holds, for random sequences of launches,
// updates, lost calls, lost answers, refusals, lost, late, repeated and unknown
// acknowledgements and reconnects: nothing is lost, nothing comes after a task's
// end, and the order is kept.
func TestTheQueueUnderRandomFaults(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 7))
		steps := make([]byte, 160)
		for i := range steps {
			steps[i] = byte(r.IntN(256))
		}
		newFaults(t).do(steps)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzQueue(f *testing.F) {
	f.Add([]byte("\x00\x00\x01\x00\x03\x02\x05\x01\x05\x00"))         // told, sent, acknowledged twice
	f.Add([]byte("\x00\x00\x01\x09\x00\x00\x03\x01\x05\x00\x06\x00")) // ended, launched again, then acknowledged
	f.Add([]byte("\x00\x00\x01\x00\x01\x03\x03\x01\x06\x01\x06\x00")) // an answer is lost, then a SUBSCRIBE
	f.Add([]byte("\x00\x00\x01\x00\x08\x00\x07\x00\x01\x03\x03\x03")) // refused, and an acknowledgement of nothing
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) > 600 {
			return
		}
		newFaults(t).do(steps)
	})
}
