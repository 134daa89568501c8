package agent

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// client is an executor by hand, of an agent that starts none.
type client struct {
	*trial

	body   io.ReadCloser
	events *bufio.Reader
}

func attached(t *testing.T, opts Options) *client {
	t.Helper()
	opts.Attach = true
	tr := newTrial(t, "", opts)
	tr.launch("t1")
	c := &client{trial: tr}
	t.Cleanup(c.close)

	return c
}

func (c *client) close() {
	if c.body != nil {
		c.body.Close()
	}
}

// post makes a call; the status is 0 when the connection ended instead of an answer.
func (c *client) post(call *executor.Call) (*http.Response, int) {
	c.Helper()
	call.FrameworkID.Value, call.ExecutorID.Value = "fw", "ex"
	body, err := call.Marshal()
	c.must(err)
	request, err := http.NewRequestWithContext(c.Context(), http.MethodPost, "http://"+c.agent.Endpoint()+executorAPI, bytes.NewReader(body))
	c.must(err)
	request.Header.Set("Content-Type", typeProtobuf)
	request.Header.Set("Accept", typeProtobuf)
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return nil, 0
	}

	return response, response.StatusCode
}

func (c *client) subscribe() int {
	c.Helper()
	c.close()
	response, status := c.post(&executor.Call{Type: executor.Call_SUBSCRIBE, Subscribe: &executor.Call_Subscribe{ //nolint:bodyclose // by close
		UnacknowledgedTasks: []mesos.TaskInfo{{TaskID: mesos.TaskID{Value: "t1"}}},
	}})
	if response != nil {
		c.body, c.events = response.Body, bufio.NewReader(response.Body)
	}

	return status
}

func (c *client) update(state mesos.TaskState) int {
	c.Helper()
	response, status := c.post(&executor.Call{Type: executor.Call_UPDATE, Update: &executor.Call_Update{Status: mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: "t1"}, State: &state, Source: mesos.SOURCE_EXECUTOR.Enum(), UUID: newUUIDBytes(),
	}}})
	if response != nil {
		response.Body.Close()
	}

	return status
}

// next reads one event; "end" when the stream ended, "cut" when it was cut.
func (c *client) next() string {
	event, err := readEvent(c.events)
	switch {
	case err == io.EOF: //nolint:errorlint // exactly the clean end
		return "end"
	case err != nil:
		return "cut"
	}

	return event.Type.String()
}

func (c *client) wantEvents(want ...string) {
	c.Helper()
	var got []string
	for range want {
		got = append(got, c.next())
	}
	if !slices.Equal(got, want) {
		c.Fatalf("events %v, want %v", got, want)
	}
}

// on makes an event fault of one type of event, for the first of them.
func on(kind executor.Event_Type, f EventFault) Faults {
	var once sync.Once

	return Faults{Event: func(e *executor.Event) EventFault {
		var fault EventFault
		if e.Type == kind {
			once.Do(func() { fault = f })
		}

		return fault
	}}
}

func TestFaultsOfEvents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault Faults
		want  []string
		again []string // after subscribing again
	}{
		"none":                {Faults{}, []string{"SUBSCRIBED", "LAUNCH"}, []string{"SUBSCRIBED"}},
		"duplicated":          {on(executor.Event_LAUNCH, EventFault{Duplicate: 2}), []string{"SUBSCRIBED", "LAUNCH", "LAUNCH", "LAUNCH"}, nil},
		"reordered":           {on(executor.Event_SUBSCRIBED, EventFault{Hold: true}), []string{"LAUNCH", "SUBSCRIBED"}, nil},
		"lost":                {on(executor.Event_SUBSCRIBED, EventFault{Lose: true}), []string{"LAUNCH"}, nil},
		"delayed":             {on(executor.Event_SUBSCRIBED, EventFault{Delay: time.Millisecond}), []string{"SUBSCRIBED", "LAUNCH"}, nil},
		"cut within a record": {on(executor.Event_LAUNCH, EventFault{Cut: 20}), []string{"SUBSCRIBED", "cut"}, []string{"SUBSCRIBED"}},
		"dropped before it":   {on(executor.Event_LAUNCH, EventFault{Drop: true}), []string{"SUBSCRIBED", "cut"}, []string{"SUBSCRIBED"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := attached(t, Options{Faults: test.fault})
			if status := c.subscribe(); status != http.StatusOK {
				t.Fatalf("SUBSCRIBE: %d", status)
			}
			c.wantEvents(test.want...)
			if test.again != nil {
				c.subscribe()
				c.wantEvents(test.again...)
			}
		})
	}
}

func TestFaultsOfCalls(t *testing.T) {
	t.Parallel()
	c := attached(t, Options{Faults: Faults{Call: func(*executor.Call) CallFault { return CallFault{Status: 503} }}})
	if status := c.subscribe(); status != http.StatusServiceUnavailable {
		t.Errorf("refused with %d, want 503", status)
	}
	c.agent.SetFaults(Faults{Call: func(*executor.Call) CallFault { return CallFault{Drop: true} }})
	if status := c.subscribe(); status != 0 {
		t.Errorf("answered with %d, want a closed connection", status)
	}
	c.agent.SetFaults(Faults{})
	c.subscribe()
	c.wantEvents("SUBSCRIBED", "LAUNCH")

	c.agent.SetFaults(Faults{Call: func(*executor.Call) CallFault { return CallFault{LoseAnswer: true, Delay: time.Millisecond} }})
	if status := c.update(mesos.TASK_STARTING); status != 0 {
		t.Errorf("answered with %d, want a lost answer", status)
	}
	c.wantEvents("ACKNOWLEDGED")
	c.expect("t1 TASK_STARTING")

	release := make(chan struct{})
	c.agent.SetFaults(Faults{Call: func(*executor.Call) CallFault { return CallFault{AnswerDelay: 100 * time.Millisecond} }})
	go func() {
		defer close(release)
		c.update(mesos.TASK_RUNNING)
	}()
	c.wantEvents("ACKNOWLEDGED")
	select {
	case <-release:
		t.Error("the 202 came before its acknowledgement")
	default:
	}
	<-release
}

func TestDroppedConnectionsAreSubscribedAgain(t *testing.T) {
	t.Parallel()
	c := attached(t, Options{})
	c.subscribe()
	c.wantEvents("SUBSCRIBED", "LAUNCH")
	c.agent.DropConnections()
	c.wantEvents("cut")
	c.subscribe()
	c.wantEvents("SUBSCRIBED")
	old, oldBody := c.events, c.body
	c.body = nil
	c.subscribe()
	c.events, old = old, c.events
	c.wantEvents("end") // "Closing already existing HTTP connection"
	oldBody.Close()
	c.events = old
	c.wantEvents("SUBSCRIBED")
	c.must(c.agent.Message("fw", "ex", []byte("hello")))
	c.wantEvents("MESSAGE")
}

func TestATaskKilledBeforeDeliveryLeavesOnlyAShutdown(t *testing.T) {
	t.Parallel()
	c := attached(t, Options{ShutdownGrace: time.Minute})
	c.must(c.agent.Kill("fw", "t1", nil))
	c.expect("t1 TASK_KILLED REASON_TASK_KILLED_DURING_LAUNCH")
	c.subscribe()
	c.wantEvents("SHUTDOWN", "end")
	c.must(c.agent.Exited("fw", "ex", 0))
	c.expect("FAILURE 0")
}

func TestALaunchOnAnExecutorThatEndsIsRefusedByAnUpdate(t *testing.T) {
	t.Parallel()
	c := attached(t, Options{ShutdownGrace: time.Minute})
	c.subscribe()
	c.wantEvents("SUBSCRIBED", "LAUNCH")
	c.must(c.agent.Shutdown("fw", "ex"))
	c.launch("t2")
	c.expect("t2 TASK_LOST REASON_EXECUTOR_TERMINATED: Executor terminating")
	if status := c.update(mesos.TASK_KILLED); status != http.StatusAccepted {
		t.Errorf("the last update of an executor that shuts down: %d", status)
	}
	c.wantEvents("SHUTDOWN", "ACKNOWLEDGED")
	c.expect("t1 TASK_KILLED")
}

func TestHeartbeatsComeWhileSubscribed(t *testing.T) {
	t.Parallel()
	c := attached(t, Options{Heartbeat: 10 * time.Millisecond})
	c.subscribe()
	c.wantEvents("SUBSCRIBED", "LAUNCH", "HEARTBEAT", "HEARTBEAT")
}

func TestAnotherExecutorsTokenIsForbidden(t *testing.T) {
	t.Parallel()
	secret := []byte("secret")
	c := attached(t, Options{JWTSecret: secret})
	tests := map[string]struct {
		header string
		want   int
		text   string
	}{
		"its own":             {"Bearer " + newToken(secret, claims{"any", "ex", "fw"}), http.StatusAccepted, ""},
		"another executor's":  {"Bearer " + newToken(secret, claims{"any", "other", "fw"}), http.StatusForbidden, "'eid' claim"},
		"another framework's": {"Bearer " + newToken(secret, claims{"any", "ex", "other"}), http.StatusForbidden, "'fid' claim"},
		"no JWT":              {"Bearer token", http.StatusUnauthorized, "401 Unauthorized."},
		"three words":         {"Bearer a b", http.StatusUnauthorized, "401 Unauthorized."},
		"unsigned":            {"Bearer eyJhbGciOiJub25lIn0.e30.", http.StatusUnauthorized, "401 Unauthorized."},
	}
	for name, test := range tests {
		body := `{"executor_id":{"value":"ex"},"framework_id":{"value":"fw"},"type":"HEARTBEAT"}`
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.agent.Endpoint()+executorAPI, strings.NewReader(body))
		c.must(err)
		request.Header.Set("Content-Type", typeJSON)
		request.Header.Set("Authorization", test.header)
		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
		c.must(err)
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != test.want || !strings.Contains(string(text), test.text) {
			t.Errorf("%s: %d %q, want %d %q", name, response.StatusCode, text, test.want, test.text)
		}
	}
}
