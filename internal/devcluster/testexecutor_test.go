//go:build unix

package devcluster

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	"go.uber.org/goleak"
)

// TestMain is also the executor that the tests' apps have: the agent starts this binary again.
func TestMain(m *testing.M) {
	if words := os.Getenv("TEST_EXECUTOR"); words != "" {
		os.Exit(runExecutor(strings.Fields(words))) //nolint:forbidigo // this process is the executor
	}
	const strange = "github.com/gambol99/go-marathon.(*marathonClient)"
	goleak.VerifyTestMain(m, // go-marathon has no end
		goleak.IgnoreAnyFunction(strange+".WaitOnGroup.func1.1"),
		goleak.IgnoreAnyFunction(strange+".registerSSESubscription.func1"),
		goleak.IgnoreAnyFunction("github.com/donovanhide/eventsource.(*Stream).stream"),
	)
}

// testExecutor is a small executor. What it does is said by words in TEST_EXECUTOR:
//
//	run        TASK_STARTING, then TASK_RUNNING
//	stuck      TASK_STARTING only
//	fail       then TASK_FAILED
//	healthy    TASK_RUNNING comes again with healthy=true
//	unhealthy  ... with healthy=false
//	serve      HTTP on PORT0: 200, or 500 while the file `sick` is in the sandbox
//	deaf       KILL is ignored
type testExecutor struct{ words []string }

func runExecutor(words []string) int {
	e := testExecutor{words}
	if e.is("serve") {
		go serveHealth()
	}
	response, err := e.call(&executor.Call{Type: executor.Call_SUBSCRIBE, Subscribe: &executor.Call_Subscribe{}})
	if err != nil {
		return 1
	}
	defer response.Body.Close()
	r := bufio.NewReader(response.Body)
	for {
		event, err := readEvent(r)
		if err != nil {
			return 2
		}
		if e.handle(event) {
			return 0
		}
	}
}

func serveHealth() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat("sick"); err == nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	_ = http.ListenAndServe(net.JoinHostPort("127.0.0.1", os.Getenv("PORT0")), handler)
}

func (e testExecutor) is(word string) bool { return slices.Contains(e.words, word) }

func (e testExecutor) handle(event *executor.Event) (done bool) {
	switch event.Type {
	case executor.Event_LAUNCH:
		fmt.Println("launched", event.Launch.Task.TaskID.Value, strings.Join(os.Args[1:], " ")) //nolint:forbidigo // its stdout
		e.launch(event.Launch.Task.TaskID)
	case executor.Event_KILL:
		if !e.is("deaf") {
			e.update(event.Kill.TaskID, mesos.TASK_KILLED, nil, "killed on request")
		}

		return !e.is("deaf")
	case executor.Event_SHUTDOWN:
		return true
	default:
	}

	return false
}

func (e testExecutor) launch(id mesos.TaskID) {
	e.update(id, mesos.TASK_STARTING, nil, "")
	if e.is("stuck") {
		return
	}
	e.update(id, mesos.TASK_RUNNING, nil, "")
	switch {
	case e.is("healthy"):
		e.update(id, mesos.TASK_RUNNING, new(true), "")
	case e.is("unhealthy"):
		e.update(id, mesos.TASK_RUNNING, new(false), "")
	case e.is("fail"):
		e.update(id, mesos.TASK_FAILED, nil, "the test wants it so")
	}
}

func readEvent(r *bufio.Reader) (*executor.Event, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return nil, err
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	event := &executor.Event{}

	return event, event.Unmarshal(data)
}

func (e testExecutor) update(id mesos.TaskID, state mesos.TaskState, healthy *bool, text string) {
	uuid := make([]byte, 16)
	_, _ = rand.Read(uuid)
	status := mesos.TaskStatus{
		TaskID: id, State: &state, Source: mesos.SOURCE_EXECUTOR.Enum(), UUID: uuid, Healthy: healthy, Message: &text,
	}
	if response, err := e.call(&executor.Call{Type: executor.Call_UPDATE, Update: &executor.Call_Update{Status: status}}); err == nil {
		response.Body.Close()
	}
}

func (e testExecutor) call(call *executor.Call) (*http.Response, error) {
	call.ExecutorID.Value, call.FrameworkID.Value = os.Getenv("MESOS_EXECUTOR_ID"), os.Getenv("MESOS_FRAMEWORK_ID")
	body, err := call.Marshal()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, "http://"+os.Getenv("MESOS_AGENT_ENDPOINT")+"/slave(1)/api/v1/executor", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("Accept", "application/x-protobuf")
	response, err := http.DefaultClient.Do(request)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		err = errors.Join(errors.New(response.Status), response.Body.Close())
	}

	return response, err
}

// app is the JSON of an app whose executor is this program and does what the words say.
func app(id, words string, more ...string) string {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	text := fmt.Sprintf(`{"id":%q,"executor":%q,"cmd":"run here","cpus":0.1,"mem":32,"env":{"TEST_EXECUTOR":%q,"GORACE":"atexit_sleep_ms=0"}`, id, self, words)
	for _, m := range more {
		text += "," + m
	}

	return text + "}"
}

// health is a health check that the executor runs, and one that Marathon does.
const (
	mesosHealth = `"healthChecks":[{"protocol":"MESOS_TCP","gracePeriodSeconds":1}]`
	httpHealth  = `"healthChecks":[{"protocol":"HTTP","path":"/","gracePeriodSeconds":0,"intervalSeconds":0,"maxConsecutiveFailures":2}]`
)
