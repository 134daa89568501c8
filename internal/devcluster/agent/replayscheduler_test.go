package agent

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

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
