package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/client"

	"dce/internal/devcluster/agent"
	"dce/internal/engine"
	"dce/internal/enginetest"
)

// stage is an agent that starts this program as its executors.
type stage struct {
	*testing.T

	api       *client.Client
	agent     *agent.Agent
	framework mesos.FrameworkInfo
	events    <-chan agent.Event
	image     string
	port      uint64 // the first of four that only this test offers
	id        string // of the only executor, unless a test starts others

	// How executors are started, beside what every one is.
	command   string            // "exec 'dce' executor" when empty
	operators string            // the text of the operator's file
	environ   map[string]string // of the job's command
	secrets   map[string]string // variables of the command by where the agent finds their values
	fetched   []mesos.CommandInfo_URI
}

// firstPort is where the ports of this run of the tests begin: below those that
// the kernel gives away, and not where another run on this machine has them.
func firstPort() uint64 { return 12000 + 1000*uint64(os.Getpid()%19) }

// nextPort is the first of ten ports that no other test has, of those that run
// beside it.
func nextPort() uint64 { return firstPort() + 10*offers.Add(1) }

// offers counts the tests.
var offers atomic.Uint64

func onAgent(t *testing.T, o agent.Options) *stage {
	t.Helper()
	s := &stage{T: t, api: enginetest.Require(t), port: nextPort()}
	s.image = enginetest.Busybox(t, s.api)
	s.id = enginetest.PodID(t, "ex")
	if o.WorkDir == "" {
		o.WorkDir = t.TempDir()
	}
	if o.CgroupsRoot == "" {
		o.CgroupsRoot = s.id + "-root"
	}
	a, err := agent.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	watching, leave := context.WithCancel(context.WithoutCancel(t.Context())) // what is told while the agent stops, too
	s.agent, s.events = a, a.Watch(watching)
	checkpoint := true
	s.framework = mesos.FrameworkInfo{ID: &mesos.FrameworkID{Value: "fw"}, User: "root", Checkpoint: &checkpoint}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		defer leave()
		if err := a.Stop(ctx); err != nil {
			t.Error(err)
		}
		roots, _ := filepath.Glob("/sys/fs/cgroup/*/" + o.CgroupsRoot)
		for _, dir := range roots {
			if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("left behind: %v", err)
			}
		}
	})
	return s
}

// launch starts a task whose sandbox has these files.
func (s *stage) launch(files map[string]string, change ...func(*mesos.TaskInfo)) string {
	s.Helper()
	return s.launchAs(s.id, files, change...)
}

func (s *stage) launchAs(id string, files map[string]string, change ...func(*mesos.TaskInfo)) string {
	s.Helper()
	info := mesos.TaskInfo{
		Name: "web", TaskID: mesos.TaskID{Value: id + ".task"},
		Resources: []mesos.Resource{scalar("cpus", 0.5), scalar("mem", 128), ports(s.port, s.port+3)},
	}
	for _, c := range change {
		c(&info)
	}
	if err := s.agent.Launch(s.Context(), s.framework, s.executorInfo(id, files), info); err != nil {
		s.Fatal(err)
	}
	known, err := s.agent.Executor("fw", id)
	if err != nil {
		s.Fatal(err)
	}
	enginetest.Clean(s, s.api, known.ContainerID)
	return info.TaskID.Value
}

func (s *stage) executorInfo(id string, files map[string]string) mesos.ExecutorInfo {
	s.Helper()
	dce, err := exec.LookPath("dce") // the test's own binary, see TestMain
	if err != nil {
		s.Fatal(err)
	}
	job := s.TempDir()
	line := strings.ReplaceAll(cmp.Or(s.command, "exec 'dce' executor"), "'dce'", "'"+dce+"'")
	command := &mesos.CommandInfo{Value: &line, URIs: s.fetched}
	command.Environment = &mesos.Environment{Variables: []mesos.Environment_Variable{
		{Name: "GREETING", Value: new("hello")},
		{Name: "HOST", Value: new("agent.example")},
		// What a job must not be able to set.
		{Name: "DOCKER_HOST", Value: new("tcp://192.0.2.1:1")},
		{Name: "COMPOSE_FILE", Value: new("/etc/passwd")},
		{Name: "DCE_CONFIG", Value: new("/nowhere")},
		{Name: "GORACE", Value: new("atexit_sleep_ms=0")},
		{Name: operatorsFile, Value: new(filepath.Join(job, "operators.yaml"))},
	}}
	for name, value := range s.environ {
		command.Environment.Variables = append(command.Environment.Variables, mesos.Environment_Variable{Name: name, Value: &value})
	}
	for name, source := range s.secrets {
		command.Environment.Variables = append(command.Environment.Variables, mesos.Environment_Variable{
			Name: name, Type: mesos.Environment_Variable_SECRET.Enum(),
			Secret: &mesos.Secret{Type: mesos.Secret_REFERENCE, Reference: &mesos.Secret_Reference{Name: source}},
		})
	}
	if err := os.WriteFile(filepath.Join(job, "operators.yaml"), []byte(s.operators), 0o600); err != nil {
		s.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(job, filepath.Base(name))
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "IMAGE", s.image)), 0o600); err != nil {
			s.Fatal(err)
		}
		command.URIs = append(command.URIs, mesos.CommandInfo_URI{Value: path, OutputFile: &name})
	}
	return mesos.ExecutorInfo{
		Type: mesos.ExecutorInfo_CUSTOM, ExecutorID: mesos.ExecutorID{Value: id}, Command: command,
		Resources: []mesos.Resource{scalar("cpus", 0.1), scalar("mem", 64)},
	}
}

func scalar(name string, v float64) mesos.Resource {
	return mesos.Resource{Type: mesos.SCALAR.Enum(), Name: name, Scalar: &mesos.Value_Scalar{Value: v}}
}

func ports(begin, end uint64) mesos.Resource {
	return mesos.Resource{
		Type: mesos.RANGES.Enum(), Name: "ports",
		Ranges: &mesos.Value_Ranges{Range: []mesos.Value_Range{{Begin: begin, End: end}}},
	}
}

// told waits for the next update, which must be of this state.
func (s *stage) told(state mesos.TaskState) *mesos.TaskStatus {
	s.Helper()
	got := s.next()
	if got.GetState() != state {
		s.Fatalf("told %s %q, want %s\n%s", got.GetState(), got.GetMessage(), state, s.read("stderr"))
	}
	return got
}

// next waits for the next update.
func (s *stage) next() *mesos.TaskStatus {
	s.Helper()
	for {
		if e := s.event(); e.Status != nil {
			return e.Status
		}
	}
}

// event waits for whatever the agent tells next, and fails the test when that is
// nothing: a wait without an end would take every other test along.
func (s *stage) event() agent.Event {
	s.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	select {
	case e, going := <-s.events:
		if going {
			return e
		}
		s.Fatal("the agent has ended")
	case <-deadline.C:
		s.Fatalf("nothing is told any more\n%s", s.read("stderr"))
	}
	return agent.Event{} // not reached: Fatal ends the test's goroutine
}

// gone waits for the end of the executor's process, which must be a good one.
func (s *stage) gone() {
	s.Helper()
	for {
		switch e := s.event(); {
		case e.Failure != nil && e.Failure.Status != 0:
			s.Fatalf("the executor ended with status %d\n%s", e.Failure.Status, s.read("stderr"))
		case e.Failure != nil:
			return
		case e.Status != nil:
			s.Fatalf("told %s %q after the end", e.Status.GetState(), e.Status.GetMessage())
		}
	}
}

func (s *stage) sandbox() string {
	s.Helper()
	return s.sandboxOf(s.id)
}

func (s *stage) sandboxOf(id string) string {
	s.Helper()
	known, err := s.agent.Executor("fw", id)
	if err != nil {
		s.Fatal(err)
	}
	return known.Directory
}

func (s *stage) read(name string) string {
	s.Helper()
	b, err := os.ReadFile(filepath.Join(s.sandbox(), name))
	if err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return string(b)
}

func (s *stage) kill(task string, grace *time.Duration) {
	s.Helper()
	var policy *mesos.KillPolicy
	if grace != nil {
		policy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(*grace)}}
	}
	if err := s.agent.Kill("fw", task, policy); err != nil {
		s.Fatal(err)
	}
}

// A pod of two services; the first stops at once when it is asked to.
const twoServices = `services:
  web:
    image: IMAGE
    command: [sh, -c, 'echo "$GREETING from $MESOS_TASK_ID on $$PORT0"; trap "exit 0" TERM; sleep 1000 & wait']
    ports: ["8080:80"]
  side:
    image: IMAGE
    command: [sh, -c, 'echo trouble >&2; trap "exit 0" TERM; sleep 1000 & wait']
`

func TestALifeUnderAnAgent(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	if s.agent.Launcher() != agent.LinuxLauncher {
		t.Fatal("cgroups are not permitted: run as root")
	}
	task := s.launch(map[string]string{"compose.yaml": twoServices})
	s.told(mesos.TASK_STARTING)
	running := s.told(mesos.TASK_RUNNING)
	enginetest.Eventually(t, 20*time.Second, "the services' lines", func() (bool, string) {
		out, trouble := s.read("stdout"), s.read("dce-logs/side.stderr")
		return strings.Contains(out, "hello from "+task) && strings.Contains(out, "web") && strings.HasSuffix(trouble, "Z trouble\n"), out + trouble
	})
	info := running.GetContainerStatus().GetNetworkInfos()
	if len(info) == 0 || len(info[0].PortMappings) != 1 || uint64(info[0].PortMappings[0].HostPort) != s.port || info[0].IPAddresses[0].GetIPAddress() == "" {
		t.Errorf("where the pod is: %v", info)
	}
	if l := running.GetLabels().GetLabels(); len(l) != 1 || l[0].Key != "dce.port.web.80/tcp" || l[0].GetValue() != strconv.FormatUint(s.port, 10) {
		t.Errorf("labels %v", l)
	}
	s.inItsCgroup()
	s.sameAsRender()

	s.kill(task, nil)
	killed := s.told(mesos.TASK_KILLED)
	if killed.GetMessage() != "stopped by the scheduler" {
		t.Errorf("message %q", killed.GetMessage())
	}
	s.gone()
	if lines := s.read("dce-events.jsonl"); !strings.HasSuffix(lines, "\n") || !strings.Contains(lines, `"event":"removed"`) {
		t.Errorf("the timeline:\n%s", lines)
	}
}

// inItsCgroup holds that the containers are below the cgroup of the task.
func (s *stage) inItsCgroup() {
	s.Helper()
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		s.Fatal(err)
	}
	below, err := filepath.Glob(filepath.Join("/sys/fs/cgroup/memory", s.id+"-root", known.ContainerID, "*", "cgroup.procs"))
	if err != nil || len(below) != 3 {
		s.Errorf("containers in the task's cgroup: %v, %v; want three", below, err)
	}
}

// sameAsRender holds that the pod is the one that dce render shows of its facts.
func (s *stage) sameAsRender() {
	s.Helper()
	cmd := command(s.T, "dce", "render", "--task", "dce-task.json")
	cmd.Dir = s.sandbox()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0"}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	shown, err := cmd.Output()
	if err != nil {
		s.Fatalf("%v\n%s", err, problems.String())
	}
	if ran := s.read("compose.rendered.yaml"); ran != string(shown) {
		s.Errorf("ran:\n%s\nrender shows:\n%s", ran, shown)
	}
}

// inService runs a program in the first container of a service.
func (s *stage) inService(service string, argv ...string) {
	s.Helper()
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		s.Fatal(err)
	}
	ran, err := enginetest.Connect(s, engineOptions()).Exec(s.Context(), known.ContainerID, engine.Command{Service: service, Argv: argv})
	if err != nil || ran.ExitCode != 0 {
		s.Fatalf("%v in %s: %+v, %v", argv, service, ran, err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shortDir is a directory for sockets, whose paths may have 107 characters.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "dce") //nolint:usetesting // that one is too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// engineOptions lead to the engine of the executors under test.
func engineOptions() engine.Options { return engine.Options{Host: "unix:///var/run/docker.sock"} }
