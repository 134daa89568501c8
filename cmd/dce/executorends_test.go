package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

const neverHealthy = `services:
  web:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; sleep 1000 & wait']
    healthcheck: {test: [CMD, "false"], interval: 1s, retries: 1000}
`

const deafToTERM = `services:
  web:
    image: IMAGE
    command: [sh, -c, 'trap "" TERM; sleep 1000']
    stop_grace_period: 1h
`

// A task can be killed at every point of its life, and is told as killed when
// nothing of it is left.
func TestKillAtEveryPointOfALife(t *testing.T) {
	t.Parallel()
	none, short := time.Duration(0), time.Second
	for name, tt := range map[string]struct {
		compose string
		until   func(s *stage)
		grace   *time.Duration
	}{
		"at once":                            {twoServices, func(*stage) {}, nil},
		"when it is told as starting":        {twoServices, func(s *stage) { s.told(mesos.TASK_STARTING) }, nil},
		"while its containers are started":   {twoServices, func(s *stage) { s.told(mesos.TASK_STARTING); s.timeline("prepared") }, nil},
		"while it is waited for":             {neverHealthy, func(s *stage) { s.told(mesos.TASK_STARTING); s.timeline("started") }, nil},
		"without grace":                      {deafToTERM, func(s *stage) { s.told(mesos.TASK_STARTING); s.told(mesos.TASK_RUNNING) }, &none},
		"with less grace than a service has": {deafToTERM, func(s *stage) { s.told(mesos.TASK_STARTING); s.told(mesos.TASK_RUNNING) }, &short},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			task := s.launch(map[string]string{"compose.yaml": tt.compose})
			tt.until(s)
			s.kill(task, tt.grace)
			if name != "at once" { // the agent may have forgotten the task by then
				s.kill(task, tt.grace)
			}
			s.killed()
			s.gone()
		})
	}
}

func TestAKillWhileAnImageIsPulled(t *testing.T) {
	t.Parallel()
	stalled := enginetest.StartStalled(t)
	s := onAgent(t, agent.Options{})
	task := s.launch(map[string]string{"compose.yaml": ofImage(stalled.Image)})
	s.told(mesos.TASK_STARTING)
	stalled.Await(t)
	s.kill(task, nil)
	if killed := s.told(mesos.TASK_KILLED); killed.GetReason() != mesos.REASON_TASK_KILLED_DURING_LAUNCH {
		t.Errorf("reason %s", killed.GetReason())
	}
	s.gone()
}

// A pod that has failed stays failed when it is killed on its way down, and
// goes the faster.
func TestAKillHastensTheEndOfAFailedPod(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	none := time.Duration(0)
	task := s.launch(map[string]string{"compose.yaml": deafToTERM + "  crash: {image: IMAGE, command: [sh, -c, 'exit 7']}\n"})
	s.told(mesos.TASK_STARTING)
	enginetest.Eventually(t, time.Minute, "the failure", func() (bool, string) {
		lines := s.read("dce-events.jsonl")
		return strings.Contains(lines, `"state":"stopping"`), lines
	})
	s.kill(task, &none)
	for failed := s.next(); ; failed = s.next() {
		if failed.GetState() == mesos.TASK_FAILED {
			break
		}
		if failed.GetState() != mesos.TASK_RUNNING {
			t.Fatalf("told %s %q", failed.GetState(), failed.GetMessage())
		}
	}
	s.gone()
}

// killed waits for TASK_KILLED, whatever of the launch is still told before.
func (s *stage) killed() {
	s.Helper()
	for {
		switch e := s.event(); {
		case e.Status == nil:
		case e.Status.GetState() == mesos.TASK_KILLED:
			return
		case e.Status.GetState() != mesos.TASK_STARTING && e.Status.GetState() != mesos.TASK_RUNNING:
			s.Fatalf("told %s %q\n%s", e.Status.GetState(), e.Status.GetMessage(), s.read("stderr"))
		}
	}
}

// timeline waits for an event of the pod.
func (s *stage) timeline(event string) {
	s.Helper()
	enginetest.Eventually(s, time.Minute, event, func() (bool, string) {
		lines := s.read("dce-events.jsonl")
		return strings.Contains(lines, `"event":"`+event+`"`), lines
	})
}

func TestTasksThatFailSayWhy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		compose string
		change  func(*mesos.TaskInfo)
		running bool
		reason  *mesos.TaskStatus_Reason
		message string
	}{
		"a service that crashes": {
			compose: "services: {web: {image: IMAGE, command: [sh, -c, 'echo no db; sleep 1; exit 3']}}\n",
			running: true, message: "service web exited with code 3",
		},
		"its last lines are there": {
			compose: "services: {web: {image: IMAGE, command: [sh, -c, 'echo no db; sleep 1; exit 3']}}\n",
			running: true, message: "its last lines:\n  no db",
		},
		"a file that is none": {
			compose: "services: {web: {imagee: x}}\n",
			reason:  mesos.REASON_CONTAINER_LAUNCH_FAILED.Enum(), message: "imagee",
		},
		"an image that is nowhere": {
			compose: "services: {web: {image: 'dce-test.invalid/none:1', pull_policy: never}}\n",
			reason:  mesos.REASON_CONTAINER_LAUNCH_FAILED.Enum(), message: "dce-test.invalid/none:1",
		},
		"a plugin that is not there": {
			compose: twoServices, change: func(i *mesos.TaskInfo) { i.Labels = labelled("pluginorder", "general,acme") },
			reason: mesos.REASON_CONTAINER_LAUNCH_FAILED.Enum(), message: `the plugin "acme"`,
		},
		"a health check of the framework": {
			compose: twoServices, running: true,
			change: func(i *mesos.TaskInfo) {
				i.HealthCheck = &mesos.HealthCheck{
					Type: mesos.HealthCheck_TCP, TCP: &mesos.HealthCheck_TCPCheckInfo{Port: 80},
					DelaySeconds: new(0.0), GracePeriodSeconds: new(0.0), IntervalSeconds: new(0.1), ConsecutiveFailures: new(uint32(1)),
				}
			},
			reason: mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum(), message: "the task's health check failed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			change := func(*mesos.TaskInfo) {}
			if tt.change != nil {
				change = tt.change
			}
			s.launch(map[string]string{"compose.yaml": tt.compose}, change)
			s.told(mesos.TASK_STARTING)
			if tt.running {
				s.told(mesos.TASK_RUNNING)
			}
			failed := s.told(mesos.TASK_FAILED)
			if !strings.Contains(failed.GetMessage(), tt.message) {
				t.Errorf("message %q, want %q in it", failed.GetMessage(), tt.message)
			}
			if tt.reason != nil && failed.GetReason() != *tt.reason {
				t.Errorf("reason %s, want %s", failed.GetReason(), tt.reason)
			}
			s.gone()
		})
	}
}

func labelled(key, value string) *mesos.Labels {
	return &mesos.Labels{Labels: []mesos.Label{{Key: key, Value: &value}}}
}

func TestAJobOfDCEGoNamesItsFiles(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	task := s.launch(map[string]string{
		"app.yml": twoServices, "more.yml": "services: {web: {environment: {GREETING: more}}}\n",
		"config.yaml":  "launchtask: {timeout: 200s, composetrace: true}\ncleanpod: {cleanvolumeandcontaineronmesoskill: false, cleanfailtask: false}\n",
		"general.yaml": "infracontainer: {image: 'dcego/networkproxy:1.2'}\n",
	},
		func(i *mesos.TaskInfo) {
			i.Labels = labelled("org.apache.aurora.metadata.fileName", "app.yml, more.yml")
		})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	if rendered := s.read("compose.rendered.yaml"); !strings.Contains(rendered, "GREETING: more") {
		t.Error(rendered)
	}
	for _, say := range []string{
		"launchtask.composetrace in config.yaml:1", "keep_failed, which cleanpod.cleanfailtask in config.yaml:2 sets, is left out",
		"stands for dcego/networkproxy:1.2",
	} {
		if log := s.read("stderr"); strings.Count(log, say) != 1 {
			t.Errorf("not said once: %s\n%s", say, log)
		}
	}
	if facts := s.read("dce-task.json"); !strings.Contains(facts, `"keep_volumes": true`) {
		t.Error(facts)
	}
	s.sameAsRender()
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

// dce-go gave its whole environment to compose, so jobs may name what the agent sets,
// and what services do not get.
func TestComposeFilesSeeTheEnvironmentOfTheExecutor(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.environ = map[string]string{"DOCKER_TAG": "1.4", "HOME": "/srv"}
	task := s.launch(map[string]string{"compose.yaml": strings.Replace(twoServices, "  side:", `    environment:
      JOBS: $DOCKER_TAG $HOME
      WHERE: $MESOS_SANDBOX
  side:`, 1)})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	rendered := s.read("compose.rendered.yaml")
	for _, line := range []string{"JOBS: 1.4 /srv\n", "WHERE: " + s.sandbox() + "\n"} {
		if !strings.Contains(rendered, line) {
			t.Errorf("no %q in:\n%s", line, rendered)
		}
	}
	if strings.Contains(rendered, "MESOS_SANDBOX") {
		t.Errorf("services get what is the executor's own:\n%s", rendered)
	}
	s.sameAsRender()
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

// An agent's container logger may die before the executor, whose stdout and stderr
// are its pipe (LogrotateContainerLogger).
func TestAnExecutorOutlivesTheReaderOfItsOutput(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.command = "mkfifo output && { head -n 1 <output >read & } && exec 'dce' executor >output 2>&1"
	task := s.launch(map[string]string{"compose.yaml": twoServices})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
	if read := s.read("read"); strings.Count(read, "\n") != 1 {
		t.Errorf("the reader has read %q", read)
	}
}

func TestWithoutCgroupsOfTheAgentAPodHasItsOwn(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{CgroupFS: t.TempDir()})
	if s.agent.Launcher() != agent.PosixLauncher {
		t.Fatal("the agent has cgroups")
	}
	task := s.launch(map[string]string{"compose.yaml": twoServices})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		t.Fatal(err)
	}
	limit, err := os.ReadFile(filepath.Join("/sys/fs/cgroup/memory/dce", known.ContainerID, "memory.limit_in_bytes"))
	if got, want := strings.TrimSpace(string(limit)), fmt.Sprint((128+64)<<20); err != nil || got != want {
		t.Errorf("limit %s, %v; want %s: what the task and its executor have", got, err, want)
	}
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

func TestAShutdownStopsThePodWithinItsGrace(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{ShutdownGrace: 10 * time.Second})
	s.launch(map[string]string{"compose.yaml": deafToTERM})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	if err := s.agent.Shutdown("fw", s.id); err != nil {
		t.Fatal(err)
	}
	s.told(mesos.TASK_KILLED)
	s.gone()
}

func TestTasksOfOneExecutorArePodsOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	info := s.executorInfo(s.id, map[string]string{"compose.yaml": twoServices})
	info.Resources = append(info.Resources, scalar("disk", 10))
	var group []mesos.TaskInfo
	for n := range uint64(2) {
		group = append(group, mesos.TaskInfo{
			Name: "web", TaskID: mesos.TaskID{Value: fmt.Sprintf("%s.task%d", s.id, n)},
			Resources: []mesos.Resource{scalar("cpus", 0.1), scalar("mem", 64), ports(s.port+n, s.port+n)},
		})
	}
	if err := s.agent.LaunchGroup(t.Context(), s.framework, info, group...); err != nil {
		t.Fatal(err)
	}
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		t.Fatal(err)
	}
	enginetest.Clean(t, s.api, known.ContainerID)
	enginetest.Clean(t, s.api, known.ContainerID+".2")
	s.each(2, mesos.TASK_STARTING, mesos.TASK_RUNNING)
	s.kill(group[0].TaskID.Value, nil)
	if killed := s.told(mesos.TASK_KILLED); killed.TaskID.Value != group[0].TaskID.Value {
		t.Errorf("%s was killed", killed.TaskID.Value)
	}
	if left := enginetest.Left(t.Context(), t, s.api, known.ContainerID+".2"); len(left) == 0 {
		t.Error("the other task is gone too")
	}
	s.kill(group[1].TaskID.Value, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

// each waits until that many tasks were told in each of the states.
func (s *stage) each(tasks int, states ...mesos.TaskState) {
	s.Helper()
	want := map[mesos.TaskState]int{}
	for _, state := range states {
		want[state] = tasks
	}
	for len(want) > 0 {
		told := s.next()
		state := told.GetState()
		if want[state]--; want[state] < 0 {
			s.Fatalf("told %s %q\n%s", state, told.GetMessage(), s.read("stderr"))
		}
		if want[state] == 0 {
			delete(want, state)
		}
	}
}

// Thirty executors keep an engine so busy that nothing beside them has its time: a
// container took 16 s to start (measured in make chaos), and the grace of another
// test's agent passed. So they are alone.
func TestManyExecutorsAtOnce(t *testing.T) {
	many := 30
	if os.Getenv("DCE_CHAOS") == "" {
		t.Parallel()
		many = 5
	}
	s := onAgent(t, agent.Options{})
	compose := map[string]string{"compose.yaml": strings.Replace(twoServices, `    ports: ["8080:80"]`, "", 1)}
	var tasks []string
	for n := range many {
		tasks = append(tasks, s.launchAs(fmt.Sprintf("%s-%d", s.id, n), compose))
	}
	s.id += "-0"
	s.each(len(tasks), mesos.TASK_STARTING, mesos.TASK_RUNNING)
	for _, task := range tasks {
		s.kill(task, nil)
	}
	for killed, ended := 0, 0; killed < len(tasks) || ended < len(tasks); {
		switch e := s.event(); {
		case e.Failure != nil && e.Failure.Status == 0:
			ended++
		case e.Status.GetState() == mesos.TASK_KILLED:
			killed++
		case e.Status.GetState() != mesos.TASK_KILLING:
			t.Fatalf("told %+v", e)
		}
	}
}
