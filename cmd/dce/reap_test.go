package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"dce/internal/devcluster/agent"
	"dce/internal/engine"
	"dce/internal/enginetest"
	"dce/internal/lease"
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
	for s.event().Failure == nil {
		continue
	}
}

// dce runs this program and gives what it prints.
func (s *stage) dce(args ...string) string {
	s.Helper()
	out, err := command(s.T, append([]string{"dce"}, args...)...).CombinedOutput()
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
			s.nothingLeft(known.ContainerID)
		})
	}
}

func (s *stage) nothingLeft(pod string) {
	s.Helper()
	enginetest.Eventually(s, time.Minute, "nothing to be left of pod "+pod, func() (bool, string) {
		left := enginetest.Left(s.Context(), s, s.api, pod)
		return len(left) == 0, strings.Join(left, ", ")
	})
	lease := filepath.Join("/run/dce", pod+".lease")
	enginetest.Eventually(s, time.Minute, "its lease to go", func() (bool, string) {
		_, err := os.Stat(lease)
		return errors.Is(err, os.ErrNotExist), lease
	})
}

func (s *stage) container(id string) string {
	s.Helper()
	known, err := s.agent.Executor("fw", id)
	if err != nil {
		s.Fatal(err)
	}
	return known.ContainerID
}

func TestAnExecutorSweepsItsHostAtItsStart(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.launch(map[string]string{"compose.yaml": withVolume})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	orphan := s.container(s.id)
	s.slain()
	s.told(mesos.TASK_FAILED)

	next := s.launchAs(s.id+"-next", map[string]string{"compose.yaml": strings.Replace(twoServices, `    ports: ["8080:80"]`, "", 1)})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	s.nothingLeft(orphan)
	s.kill(next, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

func TestAFailedPodIsKeptForItsTime(t *testing.T) {
	t.Parallel()
	const fails = "services: {web: {image: IMAGE, command: [sh, -c, 'sleep 1; exit 3']}}\n"
	for keep, kept := range map[string]bool{"1h": true, "1ms": false} {
		t.Run(keep, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			s.operators = "keep_failed: " + keep + "\n"
			s.launch(map[string]string{"compose.yaml": fails})
			pod := s.container(s.id)
			s.told(mesos.TASK_STARTING)
			s.told(mesos.TASK_RUNNING)
			s.told(mesos.TASK_FAILED)
			s.gone()
			out := s.dce("reap", "--executor-id", s.id)
			if !kept {
				s.nothingLeft(pod)
				return
			}
			if left := enginetest.Left(t.Context(), t, s.api, pod); len(left) != 2 || !strings.Contains(out, "kept pod "+pod) {
				t.Errorf("left %q; reap says %q", left, out)
			}
			s.forgetKept(pod)
			s.dce("reap", "--executor-id", s.id)
			s.nothingLeft(pod)
		})
	}
}

// A reboot takes the note along that a pod is kept. The sweep sees another boot id
// and a machine that has just started: both are its own namespaces'.
func TestAFailedPodIsKeptOverAReboot(t *testing.T) {
	t.Parallel()
	private := enginetest.StartPrivate(t, 128) // others sweep the machine's, and see no reboot
	s := onAgent(t, agent.Options{})
	leases := t.TempDir()
	s.api, s.image = private.API, enginetest.Busybox(t, private.API)
	s.operators = "keep_failed: 1h\nagent: {engine: '" + private.Host + "', leases: " + leases + "}\n"
	s.launch(map[string]string{"compose.yaml": "services: {web: {image: IMAGE, command: [sh, -c, 'sleep 1; exit 3']}}\n"})
	pod := s.container(s.id)
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	s.told(mesos.TASK_FAILED)
	s.gone()
	if err := os.Remove(filepath.Join(leases, pod+".lease")); err != nil {
		t.Fatal(err)
	}
	ended, err := enginetest.Connect(t, engine.Options{Host: private.Host}).Ended(t.Context(), s.containers(pod))
	if err != nil || ended.IsZero() {
		t.Fatalf("ended at %s, %v", ended, err)
	}
	enginetest.Eventually(t, time.Minute, "the pod to have ended before the machine starts", func() (bool, string) {
		return time.Since(ended) > 3*time.Second, ended.String()
	})
	if out := s.afterReboot(private.Host, leases, ""); !strings.Contains(out, "kept pod "+pod) || len(s.containers(pod)) != 2 {
		t.Errorf("%d containers are left; reap says %s", len(s.containers(pod)), out)
	}
	if out := s.afterReboot(private.Host, leases, "2h"); !strings.Contains(out, "removed pod "+pod) {
		t.Errorf("when its time is over, reap says %s", out)
	}
	s.nothingLeft(pod)
}

// afterReboot sweeps as on a machine that has started this moment, by a clock that
// is off.
func (s *stage) afterReboot(host, leases, off string) string {
	s.Helper()
	uptime := strconv.Itoa(-int(lease.Uptime().Seconds()))
	argv := append([]string{"unshare", "-T", "--boottime", uptime}, inBoot("another", "dce reap --executor-id "+s.id)...)
	cmd := command(s.T, argv...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+host, "DCE_LEASE_DIR="+leases, clockOff+"="+off)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("%s: %v\n%s", argv, err, out)
	}
	return string(out)
}

// containers are the ids of a pod's.
func (s *stage) containers(pod string) []string {
	s.Helper()
	filters := client.Filters{}.Add("label", "dce.pod="+pod)
	found, err := s.api.ContainerList(s.Context(), client.ContainerListOptions{All: true, Filters: filters})
	if err != nil {
		s.Fatal(err)
	}
	var ids []string
	for _, c := range found.Items {
		ids = append(ids, c.ID)
	}
	return ids
}

// forgetKept ends the time for which a pod is kept.
func (s *stage) forgetKept(pod string) {
	s.Helper()
	l, err := lease.Take("/run/dce", pod)
	if err != nil {
		s.Fatal(err)
	}
	if err := l.Write([]lease.Note{{Executor: s.id}, {Pod: pod, KeptUntil: time.Now()}}); err != nil {
		s.Fatal(err)
	}
	if err := l.Leave(); err != nil {
		s.Fatal(err)
	}
}

// A container that claims to be of a living pod, with all that a label can
// hold, is an orphan by itself alone.
func TestForgedLabelsTouchNoOtherPod(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	task := s.launch(map[string]string{"compose.yaml": twoServices})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	pod := s.container(s.id)
	for name, forged := range map[string]map[string]string{
		"orphan": {"dce.pod": pod, "dce.lease": "/run/dce/" + pod + ".lease", "dce.boot": "a former one"},
		"huge":   {"dce.pod": pod, "dce.boot": strings.Repeat("x", 1<<20)},
		"evil":   {"dce.pod": "$(reboot)\n../" + pod, "dce.lease": "/etc/shadow", "dce.pid": "1\n", "dce.start": "';"},
	} {
		labels := map[string]string{"dce.front": "mesos", "dce.executor": s.id, "executorId": s.id, "taskId": "t", "dce.framework": "fw"}
		maps.Copy(labels, forged)
		c, err := s.api.ContainerCreate(t.Context(), client.ContainerCreateOptions{
			Name: s.id + "-" + name, Config: &container.Config{Image: s.image, Labels: labels},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, _ = s.api.ContainerRemove(context.Background(), c.ID, client.ContainerRemoveOptions{Force: true})
		})
	}
	out := s.dce("reap", "--executor-id", s.id)
	if strings.Count(out, "left alone") != 1 || strings.Contains(out, "\n../") {
		t.Errorf("reap says:\n%s", out)
	}
	left := strings.Join(enginetest.Left(t.Context(), t, s.api, pod), "\n")
	for what, there := range map[string]bool{
		"web-1 (running)": true, "side-1 (running)": true, "infra-1 (running)": true, "-huge": true, "-orphan": false,
	} {
		if strings.Contains(left, what) != there {
			t.Errorf("%s: want %v in\n%s", what, there, left)
		}
	}
	if _, err := s.api.ContainerRemove(t.Context(), s.id+"-huge", client.ContainerRemoveOptions{Force: true}); err != nil {
		t.Error(err)
	}
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

// Somebody looks into a pod by an image that was made of its container: reap, and
// the executor that starts next, take the pod and leave that alone.
func TestASweepLeavesWhatIsRunOfACommittedImage(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.launch(map[string]string{"compose.yaml": withVolume})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	orphan := s.container(s.id)
	name := s.id + "-by-hand"
	id := enginetest.Committed(t, s.api, enginetest.ContainerOf(t, s.api, orphan, "web"), name, "sleep", "1000")
	s.slain()
	s.told(mesos.TASK_FAILED)
	out := s.dce("reap", "--executor-id", s.id)
	if !strings.Contains(out, "left alone pod "+orphan) || !strings.Contains(out, "container "+name+" has its labels from image") {
		t.Errorf("reap says:\n%s", out)
	}
	onlyByHand := func() (bool, string) {
		left := enginetest.Left(t.Context(), t, s.api, orphan)
		return len(left) == 1 && strings.Contains(left[0], name), strings.Join(left, ", ")
	}
	enginetest.Eventually(t, time.Minute, "the pod to go", onlyByHand)

	next := s.launchAs(s.id+"-next", map[string]string{"compose.yaml": strings.Replace(twoServices, `    ports: ["8080:80"]`, "", 1)})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	enginetest.Eventually(t, time.Minute, "the executor to say what it leaves alone", func() (bool, string) {
		log, err := os.ReadFile(filepath.Join(s.sandboxOf(s.id+"-next"), "stderr"))
		return err == nil && strings.Contains(string(log), "container "+name+" has its labels from image"), string(log)
	})
	if !enginetest.Runs(t, s.api, id) {
		t.Error("it was removed")
	}
	s.kill(next, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

// A watch without an engine goes on trying, and says by its exit code what has
// ended it.
func TestAWatchIsEndedBySignals(t *testing.T) {
	t.Parallel()
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			cmd := command(t, "dce", "reap", "--watch")
			cmd.Env = append(os.Environ(), "DOCKER_HOST=unix:///nonexistent/docker.sock", "DCE_LEASE_DIR="+t.TempDir())
			said, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(said).ReadString('\n'); err != nil || !strings.Contains(line, "DCE301") {
				t.Errorf("it says %q, %v", line, err)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // the code tells
			if got := cmd.ProcessState.ExitCode(); got != want {
				t.Errorf("it exits with %d, want %d", got, want)
			}
		})
	}
}
