package main

import (
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
)

// briskly is a check without the patience that Mesos has by default.
func briskly(c mesos.HealthCheck) func(*mesos.TaskInfo) {
	c.DelaySeconds, c.GracePeriodSeconds, c.IntervalSeconds = new(0.0), new(0.0), new(0.1)
	return func(i *mesos.TaskInfo) { i.HealthCheck = &c }
}

// once is a command that is well the first time and never again.
const once = `n=$(cat /n 2>/dev/null || echo 0); echo $((n+1)) >/n; echo "try $n of $WHO, $ASKED"; [ $n -lt 1 ]`

// zed is first in the file and last in the alphabet.
const zedFirst = `services:
  zed:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; sleep 1000 & wait']
    environment: {WHO: zed}
  abc:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; sleep 1000 & wait']
    environment: {WHO: abc}
`

func TestACommandCheckRunsInsideAService(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		service string
		label   *mesos.Labels
	}{
		"the first of the file":      {"zed", nil},
		"the one that a label names": {"abc", labelled("dce.health.service", "abc")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			s.launch(map[string]string{"compose.yaml": zedFirst}, briskly(mesos.HealthCheck{
				Type: mesos.HealthCheck_COMMAND, ConsecutiveFailures: new(uint32(2)),
				Command: &mesos.CommandInfo{
					Value:       new(once),
					Environment: &mesos.Environment{Variables: []mesos.Environment_Variable{{Name: "ASKED", Value: new("kindly")}}},
				},
			}), func(i *mesos.TaskInfo) { i.Labels = tt.label })
			s.told(mesos.TASK_STARTING)
			if first := s.told(mesos.TASK_RUNNING); first.Healthy != nil {
				t.Errorf("healthy=%t before the first check", *first.Healthy)
			}
			s.newlyHealthy(true)
			s.newlyHealthy(false)
			failed := s.told(mesos.TASK_FAILED)
			if failed.Healthy == nil || *failed.Healthy || failed.GetReason() != mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED {
				t.Errorf("healthy %v, reason %s", failed.Healthy, failed.GetReason())
			}
			want := "failed 2 of 2 times in a row: the command in service " + tt.service + " exited with code 1: try 2 of " + tt.service + ", kindly"
			if !strings.Contains(failed.GetMessage(), want) {
				t.Errorf("message %q, want %q in it", failed.GetMessage(), want)
			}
			s.gone()
		})
	}
}

func (s *stage) toldHealthy(want bool) *mesos.TaskStatus {
	s.Helper()
	told := s.told(mesos.TASK_RUNNING)
	if got := told.Healthy; got == nil || *got != want {
		s.Errorf("healthy %v, want %t", got, want)
	}
	return told
}

// newlyHealthy waits for a change of the health of a task that runs.
func (s *stage) newlyHealthy(want bool) {
	s.Helper()
	if told := s.toldHealthy(want); told.GetReason() != mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED {
		s.Errorf("healthy=%t has the reason %s", want, told.GetReason())
	}
}

func TestDockersHealthStandsForTheTasksCheck(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	compose := `services:
  web:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; sleep 1000 & wait']
    healthcheck: {test: [CMD, test, '!', -e, /sick], interval: 1s, retries: 1}
  nurse:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; sleep 1000 & wait']
`
	// Nothing listens on that port: the task's own check would fail at once.
	s.launch(map[string]string{"compose.yaml": compose}, briskly(mesos.HealthCheck{
		Type: mesos.HealthCheck_TCP, TCP: &mesos.HealthCheck_TCPCheckInfo{Port: 1}, ConsecutiveFailures: new(uint32(1)),
	}), func(i *mesos.TaskInfo) { i.Labels = labelled("dce.health", "docker") })
	s.told(mesos.TASK_STARTING)
	if first := s.toldHealthy(true); first.Reason != nil {
		t.Errorf("the first one has the reason %s", first.GetReason())
	}
	s.inService("web", "touch", "/sick")
	failed := s.told(mesos.TASK_FAILED)
	if failed.Healthy == nil || *failed.Healthy || failed.GetReason() != mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED {
		t.Errorf("healthy %v, reason %s", failed.Healthy, failed.GetReason())
	}
	if !strings.HasPrefix(failed.GetMessage(), "service web became unhealthy") {
		t.Errorf("message %q", failed.GetMessage())
	}
	s.gone()
}

// A check of the task's status is told whenever its result changes, and ends
// nothing.
func TestAStatusCheckOfTheTask(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	task := s.launch(map[string]string{"compose.yaml": zedFirst}, func(i *mesos.TaskInfo) {
		i.Check = &mesos.CheckInfo{
			Type: mesos.CheckInfo_COMMAND, DelaySeconds: new(0.0), IntervalSeconds: new(0.1),
			Command: &mesos.CheckInfo_Command{Command: mesos.CommandInfo{Value: new("test ! -e /sick || exit 7")}},
		}
	})
	s.told(mesos.TASK_STARTING)
	running := s.told(mesos.TASK_RUNNING)
	if c := running.GetCheckStatus(); c.GetType() != mesos.CheckInfo_COMMAND || c.GetCommand() == nil || c.GetCommand().ExitCode != nil || running.Healthy != nil {
		t.Errorf("before the first look: %v, healthy %v", c, running.Healthy)
	}
	for _, code := range []int32{0, 7} {
		told := s.told(mesos.TASK_RUNNING)
		if c := told.GetCheckStatus().GetCommand(); c.GetExitCode() != code || c.ExitCode == nil || told.GetReason() != mesos.REASON_TASK_CHECK_STATUS_UPDATED || told.Healthy != nil {
			t.Errorf("want code %d: %v, %s, healthy %v", code, c, told.GetReason(), told.Healthy)
		}
		if code == 0 {
			s.inService("zed", "touch", "/sick")
		}
	}
	s.kill(task, nil)
	if killed := s.told(mesos.TASK_KILLED); killed.GetCheckStatus().GetCommand().GetExitCode() != 7 {
		t.Errorf("at the end: %v", killed.GetCheckStatus())
	}
	s.gone()
}

func TestAnHTTPCheckOfTheTask(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	compose := `services:
  web:
    image: IMAGE
    command: [sh, -c, 'mkdir /www; echo ok >/www/up; exec httpd -f -p 80 -h /www']
    stop_signal: SIGKILL
    ports: ["8080:80"]
`
	s.launch(map[string]string{"compose.yaml": compose}, briskly(mesos.HealthCheck{
		Type: mesos.HealthCheck_HTTP, HTTP: &mesos.HealthCheck_HTTPCheckInfo{Port: 80, Path: new("/up")}, ConsecutiveFailures: new(uint32(3)),
	}))
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	for !s.told(mesos.TASK_RUNNING).GetHealthy() { // until httpd listens
		continue
	}
	s.inService("web", "rm", "/www/up")
	s.newlyHealthy(false)
	s.newlyHealthy(false)
	failed := s.told(mesos.TASK_FAILED)
	if !strings.Contains(failed.GetMessage(), "answered 404") {
		t.Errorf("message %q", failed.GetMessage())
	}
	s.gone()
}
