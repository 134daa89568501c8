package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

func TestATaskIsLaunchedKilledAndItsExecutorShutDown(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "report", Options{})
	tr.launch("t1")
	seen := tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	if pid := seen[1].Status.ContainerStatus.GetExecutorPID(); int(pid) != tr.executor().Pid || pid == 0 {
		t.Errorf("executor_pid %d, want the launcher's %d", pid, tr.executor().Pid)
	}
	tr.must(tr.agent.Kill("fw", "t1", nil))
	tr.expect("t1 TASK_KILLED: killed on request")
	tr.must(tr.agent.Shutdown("fw", "ex"))
	tr.expect("FAILURE 0")
	if e := tr.executor(); e.State != "TERMINATED" || e.Tasks["t1"] != mesos.TASK_KILLED {
		t.Errorf("remembered as %+v", e)
	}
	latest, err := os.Readlink(filepath.Join(tr.executor().Directory, "..", "latest"))
	if err != nil || latest != tr.executor().Directory {
		t.Errorf("runs/latest is %q, %v", latest, err)
	}
	if got := string(tr.waitFile("stdout")); got != "launched t1\n" {
		t.Errorf("stdout %q", got)
	}
}

func TestAnExecutorIsGivenWhatARealAgentGives(t *testing.T) {
	t.Parallel()
	for _, recording := range []string{"launch", "agent-restart", "shutdown-ignored-2s", "auth"} {
		t.Run(recording, func(t *testing.T) {
			t.Parallel()
			opts := Options{}
			if recording == "auth" {
				opts.JWTSecret = []byte("secret")
			}
			tr := newTrial(t, "report", opts)
			tr.framework.Checkpoint = new(recording == "agent-restart")
			if recording == "shutdown-ignored-2s" {
				tr.info.ShutdownGracePeriod = &mesos.DurationInfo{Nanoseconds: int64(2 * time.Second)}
			}
			tr.launch("t1")
			tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
			var got given
			tr.read("report.json", &got)
			e := tr.executor()

			if diff := cmp.Diff(recordedEnvironment(t, recording, tr.agent, e), environmentMap(got.Environment)); diff != "" {
				t.Errorf("environment (-recorded +got):\n%s", diff)
			}
			want := given{
				Args: []string{testBinary(), "an", "argument"}, Environment: got.Environment, Directory: e.Directory,
				Session: e.Pid, Group: e.Pid, Parent: e.Pid, Cgroups: got.Cgroups,
				Descriptors: []string{"/dev/null", e.Directory + "/stdout", e.Directory + "/stderr"},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("process (-want +got):\n%s", diff)
			}
		})
	}
}

// recordedEnvironment is a recorded environment with the ids of this agent in it.
func recordedEnvironment(t *testing.T, name string, a *Agent, e Executor) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/wire/" + name + ".env.json")
	if err != nil {
		t.Fatal(err)
	}
	var env map[string]string
	if err := json.Unmarshal(data, &env); err != nil {
		t.Fatal(err)
	}
	maps.Copy(env, map[string]string{
		"MESOS_DIRECTORY": e.Directory, "MESOS_SANDBOX": e.Directory, "PWD": e.Directory,
		"MESOS_AGENT_ENDPOINT": a.Endpoint(), "MESOS_SLAVE_PID": "slave(1)@" + a.Endpoint(), "MESOS_SLAVE_ID": a.ID(),
		"MESOS_EXECUTOR_ID": "ex", "MESOS_FRAMEWORK_ID": "fw", "TEST_EXECUTOR": "report",
	})
	if env["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] != "" {
		env["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] = newToken([]byte("secret"), claims{e.ContainerID, "ex", "fw"})
	}

	return env
}

func environmentMap(list []string) map[string]string {
	env := map[string]string{}
	for _, v := range list {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}

	return env
}

func TestAProgramIsStartedWithoutAShell(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "report", Options{})
	tr.info.Command.Shell = new(false)
	tr.info.Command.Value = new(testBinary())
	tr.info.Command.Arguments = []string{"name", "$HOME", "two words"}
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	var got given
	tr.read("report.json", &got)
	if diff := cmp.Diff([]string{testBinary(), "$HOME", "two words"}, got.Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if pwd, ok := environmentMap(got.Environment)["PWD"]; ok {
		t.Errorf("PWD is %q; without a shell there is none", pwd)
	}
}

func TestWhatDoesNotExistIsSaid(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "", Options{})
	for what, err := range map[string]error{
		"Kill":     tr.agent.Kill("nope", "t1", nil),
		"Shutdown": tr.agent.Shutdown("nope", "ex"),
		"Teardown": tr.agent.Teardown("nope"),
		"Message":  tr.agent.Message("nope", "ex", nil),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s of an unknown framework: %v", what, err)
		}
	}
	tr.info.ExecutorID.Value = "../escape"
	if err := tr.agent.Launch(t.Context(), tr.framework, tr.info); err == nil {
		t.Error("an executor id with a slash was taken: it becomes a directory")
	}
}

func TestThirtyExecutorsAtOnce(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "run", Options{})
	running := map[string]bool{}
	for i := range 30 {
		tr.info.ExecutorID.Value = fmt.Sprint("ex", i)
		tr.launch(fmt.Sprint("t", i))
	}
	for len(running) < 30 {
		select {
		case event := <-tr.events:
			if event.Status.GetState() == mesos.TASK_RUNNING {
				running[event.Status.TaskID.Value] = true
			}
		case <-time.After(patience):
			t.Fatalf("only %d of 30 tasks run", len(running))
		}
	}
}
