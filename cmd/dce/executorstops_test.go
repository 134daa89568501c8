package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// Both signals mean what SHUTDOWN means: the pod is stopped within the agent's
// grace, its task is told as killed, and the executor ends well.
func TestASignalIsAShutdown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		signals []os.Signal
		compose string
		grace   time.Duration
	}{
		"SIGTERM":                              {[]os.Signal{syscall.SIGTERM}, twoServices, 0},
		"SIGINT":                               {[]os.Signal{syscall.SIGINT}, twoServices, 0},
		"SIGTERM to a pod that is deaf":        {[]os.Signal{syscall.SIGTERM}, deafToTERM, 8 * time.Second},
		"SIGTERM again, which leaves no grace": {[]os.Signal{syscall.SIGTERM, syscall.SIGTERM}, deafToTERM, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{ShutdownGrace: tt.grace})
			s.launch(map[string]string{"compose.yaml": tt.compose})
			s.told(mesos.TASK_STARTING)
			s.told(mesos.TASK_RUNNING)
			for n, signal := range tt.signals {
				if err := s.process().Signal(signal); err != nil {
					t.Fatal(err)
				}
				want := "told to end"
				enginetest.Eventually(t, time.Minute, "the signal to be taken", func() (bool, string) {
					log := s.read("stderr")
					return strings.Count(log, want) > n, log
				})
			}
			if killed := s.told(mesos.TASK_KILLED); !strings.HasPrefix(killed.GetMessage(), "stopped by SIGTERM") && killed.GetMessage() != "stopped by Ctrl-C" {
				t.Errorf("message %q", killed.GetMessage())
			}
			s.gone()
		})
	}
}

// process is the executor's own, which the task's facts name.
func (s *stage) process() *os.Process {
	s.Helper()
	var facts struct{ Task struct{ PID int } }
	if err := json.Unmarshal([]byte(s.read("dce-task.json")), &facts); err != nil || facts.Task.PID == 0 {
		s.Fatalf("the executor's process: %+v, %v", facts, err)
	}
	p, err := os.FindProcess(facts.Task.PID)
	if err != nil {
		s.Fatal(err)
	}
	return p
}

// Without checkpointing an executor whose agent is gone stops its pod, within
// the time that is set, and ends: the agent would kill it at its return.
func TestWithoutAnAgentThePodIsStopped(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.framework.Checkpoint = new(false)
	s.launch(map[string]string{"compose.yaml": "x-dce: {timeouts: {stop: 1s}}\n" + deafToTERM})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		t.Fatal(err)
	}
	executor := s.process()
	down, up := context.WithCancel(t.Context())
	restarted := make(chan error, 1)
	go func() { restarted <- s.agent.Restart(down, agent.RestartOptions{Down: time.Hour}) }()
	// The executor's own cgroups are removed after it has ended, by what launched it.
	enginetest.Eventually(t, time.Minute, "pod and executor to be gone", func() (bool, string) {
		left := enginetest.Left(t.Context(), t, s.api, known.ContainerID)
		return len(left) == 0 && executor.Signal(syscall.Signal(0)) != nil, strings.Join(left, ", ") + "\n" + s.read("stderr")
	})
	if log := s.read("stderr"); !strings.Contains(log, "DCE605") {
		t.Errorf("not told that the agent is gone:\n%s", log)
	}
	up()
	if err := <-restarted; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
