package agent

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// testExecutor is a small executor. What it does is said by words in TEST_EXECUTOR:
//
//	ignore     SHUTDOWN is ignored
//	crash      exit 7 once the task runs
//	silent     never subscribe
//	late       never subscribe again
//	forget     name no tasks and updates when subscribing again
//	mute       make no update of the task at all
//	away       make an update while the agent is away
//	children   leave a child in the session and one in a session of its own
//	eat        use memory without end once the task runs
//	report     write what it was given to report.json
type testExecutor struct {
	words   []string
	tasks   map[string]mesos.TaskInfo
	updates []mesos.TaskStatus // not acknowledged
	lost    bool               // the stream was lost once
}

func runTestExecutor(behaviour string) int {
	e := &testExecutor{words: splitWords(behaviour), tasks: map[string]mesos.TaskInfo{}}
	for {
		if e.is("silent") || e.lost && e.is("late") {
			time.Sleep(time.Hour) //nolint:forbidigo // until it is killed
		}
		exit, err := e.session()
		if err == nil {
			return exit
		}
		if os.Getenv("MESOS_CHECKPOINT") != "1" && e.lost {
			return 0
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // a process of its own
	}
}

func splitWords(s string) []string {
	var words []string
	for w := range bytes.FieldsSeq([]byte(s)) {
		words = append(words, string(w))
	}

	return words
}

func (e *testExecutor) is(word string) bool { return slices.Contains(e.words, word) }

// session subscribes and follows events. An error means: subscribe again.
func (e *testExecutor) session() (exit int, err error) {
	subscribe := &executor.Call_Subscribe{}
	if !e.is("forget") {
		for _, t := range e.tasks {
			subscribe.UnacknowledgedTasks = append(subscribe.UnacknowledgedTasks, t)
		}
		for _, u := range e.updates {
			subscribe.UnacknowledgedUpdates = append(subscribe.UnacknowledgedUpdates, executor.Call_Update{Status: u})
		}
	}
	response, err := e.call(&executor.Call{Type: executor.Call_SUBSCRIBE, Subscribe: subscribe})
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, errors.New(response.Status)
	}

	r := bufio.NewReader(response.Body)
	for {
		event, err := readEvent(r)
		if err != nil {
			e.lost = true
			if e.is("away") {
				e.update("t1", mesos.TASK_RUNNING, "made while the agent was away")
			}

			return 0, err
		}
		if exit, done := e.handle(event); done {
			return exit, nil
		}
	}
}

func readEvent(r *bufio.Reader) (*executor.Event, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(line[:len(line)-1])
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

func (e *testExecutor) handle(event *executor.Event) (exit int, done bool) {
	switch event.Type {
	case executor.Event_LAUNCH:
		return e.launch(event.Launch.Task)
	case executor.Event_KILL:
		e.update(event.Kill.TaskID.Value, mesos.TASK_KILLED, "killed on request")
	case executor.Event_ACKNOWLEDGED:
		e.updates = slices.DeleteFunc(e.updates, func(s mesos.TaskStatus) bool { return bytes.Equal(s.UUID, event.Acknowledged.UUID) })
	case executor.Event_SHUTDOWN:
		return 0, !e.is("ignore")
	default:
	}

	return 0, false
}

func (e *testExecutor) launch(task mesos.TaskInfo) (exit int, done bool) {
	id := task.TaskID.Value
	e.tasks[id] = task
	fmt.Println("launched", id) //nolint:forbidigo // a process of its own
	if e.is("report") {
		e.report()
	}
	if e.is("children") {
		startChildren()
	}
	if e.is("mute") {
		return 0, false
	}
	e.update(id, mesos.TASK_STARTING, "")
	e.update(id, mesos.TASK_RUNNING, "")
	if e.is("eat") {
		eat()
	}

	return 7, e.is("crash")
}

// startChildren starts one sleeper in this session and one in its own, and writes their pids.
func startChildren() {
	var pids []int
	for _, own := range []bool{false, true} {
		cmd := exec.Command("sleep", "3600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: own}
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		pids = append(pids, cmd.Process.Pid)
	}
	writeFile("children.json", pids)
}

func eat() {
	var all [][]byte
	for {
		all = append(all, bytes.Repeat([]byte{1}, 1<<20))
		_ = all
	}
}

// given is what an executor finds when it starts.
type given struct {
	Args        []string
	Environment []string
	Directory   string
	Session     int
	Group       int
	Parent      int
	Cgroups     string
	Descriptors []string
}

func (e *testExecutor) report() {
	dir, _ := os.Getwd()
	session, _ := syscallGetsid()
	cgroups, _ := os.ReadFile("/proc/self/cgroup")
	g := given{os.Args, os.Environ(), dir, session, syscall.Getpgrp(), os.Getppid(), string(cgroups), nil}
	for _, fd := range []string{"0", "1", "2", "3"} {
		target, err := os.Readlink("/proc/self/fd/" + fd)
		if err == nil && fd != "3" {
			g.Descriptors = append(g.Descriptors, target)
		}
	}
	writeFile("report.json", g)
}

func syscallGetsid() (int, error) {
	p, ok := readStat(os.Getpid())
	if !ok {
		return 0, errors.New("no /proc")
	}

	return p.session, nil
}

// writeFile writes a file of the sandbox at once.
func writeFile(name string, content any) {
	data, err := json.Marshal(content)
	if err == nil {
		err = os.WriteFile(name+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		panic(err)
	}
}

func (e *testExecutor) update(task string, state mesos.TaskState, message string) {
	status := mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: task}, State: &state, Source: mesos.SOURCE_EXECUTOR.Enum(), UUID: newUUIDBytes(), Timestamp: now(),
	}
	if message != "" {
		status.Message = &message
	}
	e.updates = append(e.updates, status)
	response, err := e.call(&executor.Call{Type: executor.Call_UPDATE, Update: &executor.Call_Update{Status: status}})
	if err == nil {
		response.Body.Close()
	}
}

func (e *testExecutor) call(call *executor.Call) (*http.Response, error) {
	call.ExecutorID.Value = os.Getenv("MESOS_EXECUTOR_ID")
	call.FrameworkID.Value = os.Getenv("MESOS_FRAMEWORK_ID")
	body, err := call.Marshal()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, "http://"+os.Getenv("MESOS_AGENT_ENDPOINT")+"/slave(1)/api/v1/executor", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", typeProtobuf)
	request.Header.Set("Accept", typeProtobuf)
	if token := os.Getenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}

	return http.DefaultClient.Do(request)
}

// testBinary is the path of this program, in a directory that any sandbox can see.
func testBinary() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}

	return filepath.Clean(path)
}
