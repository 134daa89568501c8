package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
	taskfile "dce/internal/task"
)

// slain kills the executor and waits until the agent has seen it.
func (s *stage) slain() {
	s.Helper()
	facts, err := taskfile.Decode("dce-task.json", []byte(s.read("dce-task.json")))
	if err != nil {
		s.Fatal(err)
	}
	if err := syscall.Kill(facts.Task.PID, syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
	for e := range s.events {
		if e.Failure != nil {
			return
		}
	}
}

// dce runs this program and gives what it prints.
func (s *stage) dce(args ...string) string {
	s.Helper()
	out, err := exec.CommandContext(s.Context(), "dce", args...).CombinedOutput()
	if err != nil {
		s.Fatalf("dce %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

const withVolume = twoServices + `  db:
    image: IMAGE
    command: [sleep, "1000"]
    stop_grace_period: 0s
    volumes: ["data:/data"]
    networks: [own]
volumes: {data: {}}
networks: {own: {driver: bridge}}
`

func TestAPodWhoseExecutorWasKilledIsReaped(t *testing.T) {
	t.Parallel()
	for _, launcher := range []string{agent.LinuxLauncher, agent.PosixLauncher} {
		t.Run(launcher, func(t *testing.T) {
			t.Parallel()
			o := agent.Options{}
			if launcher == agent.PosixLauncher {
				o.CgroupFS = t.TempDir()
			}
			s := onAgent(t, o)
			s.launch(map[string]string{"compose.yaml": withVolume})
			s.told(mesos.TASK_STARTING)
			s.told(mesos.TASK_RUNNING)
			known, err := s.agent.Executor("fw", s.id)
			if err != nil {
				t.Fatal(err)
			}
			if out := s.dce("reap", "--executor-id", s.id); !strings.Contains(out, "nothing to remove") {
				t.Errorf("of a living executor: %s", out)
			}
			s.slain()
			out := s.dce("reap", "--executor-id", s.id, "-o", "json")
			var r struct {
				Orphans []struct{ Pod, Reason string }
			}
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			if len(r.Orphans) > 1 || len(r.Orphans) == 1 && (r.Orphans[0].Pod != known.ContainerID || r.Orphans[0].Reason != "nobody holds its lease") {
				t.Errorf("reported %s", out)
			}
			enginetest.Eventually(t, time.Minute, "nothing to be left", func() (bool, string) {
				left := enginetest.Left(t.Context(), t, s.api, known.ContainerID)
				return len(left) == 0, strings.Join(left, ", ")
			})
		})
	}
}
