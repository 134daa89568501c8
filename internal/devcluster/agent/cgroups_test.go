package agent

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// cgroupTrial is a trial whose containers have cgroups. It belongs to the tier of tests that may change the machine.
func cgroupTrial(t *testing.T, behaviour string, opts Options) *trial {
	t.Helper()
	opts.CgroupsRoot = cgroupsRoot(t)
	tr := newTrial(t, behaviour, opts)
	if tr.agent.Launcher() != LinuxLauncher {
		t.Fatal("cgroups are not permitted: run as root")
	}

	return tr
}

// cgroupsRoot is the name of a root of a test's own, in which nothing may be left.
func cgroupsRoot(t *testing.T) string {
	t.Helper()
	if os.Getenv("DCE_TEST_ENGINE") == "" {
		t.Skip("makes cgroups, as root: run make test")
	}
	if _, err := os.Stat("/sys/fs/cgroup/freezer"); err != nil {
		t.Skip("needs cgroup v1 hierarchies at /sys/fs/cgroup")
	}
	root := "dce-test-" + newUUID()
	t.Cleanup(func() { // after the agent's own
		for _, h := range hierarchies() {
			if err := os.Remove(filepath.Join("/sys/fs/cgroup", h, root)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the agent left cgroups behind: %v", err)
			}
		}
	})

	return root
}

// An engine that had hung starts what it was told to when everything else of the container has been killed.
func TestWhatIsStartedDuringTheRemovalIsKilled(t *testing.T) {
	t.Parallel()
	g := newCgroups("/sys/fs/cgroup", cgroupsRoot(t), newUUID())
	if err := g.create(); err != nil {
		t.Fatal(err)
	}
	late := exec.CommandContext(t.Context(), "sleep", "1000")
	if err := late.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- late.Wait() }()
	for _, h := range hierarchies() {
		below := g.path(h, "below")
		if err := errors.Join(os.Mkdir(below, 0o755), os.WriteFile(below+"/cgroup.procs", fmt.Append(nil, late.Process.Pid), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	g.remove()
	if err := <-ended; err == nil || err.Error() != "signal: killed" {
		t.Errorf("what was started late ended by %v", err)
	}
}

func TestWithoutCgroupsTheAgentIsAPosixLauncher(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, "", Options{CgroupsRoot: "dce-test", CgroupFS: t.TempDir()})
	if got := tr.agent.Launcher(); got != PosixLauncher {
		t.Errorf("launcher %s where there are no cgroups", got)
	}
}

func (tr *trial) cgroup(hierarchy string, file ...string) string {
	tr.Helper()
	path := filepath.Join(append([]string{"/sys/fs/cgroup", hierarchy, tr.agent.opts.CgroupsRoot, tr.executor().ContainerID}, file...)...)
	data, err := os.ReadFile(path)
	tr.must(err)

	return strings.TrimSpace(string(data))
}

func TestAContainerHasItsCgroups(t *testing.T) {
	t.Parallel()
	tr := cgroupTrial(t, "report", Options{})
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	var got given
	tr.read("report.json", &got)

	var entered []string
	for line := range strings.Lines(got.Cgroups) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		hierarchy, path, _ := strings.Cut(rest, ":")
		if path == "/"+tr.agent.opts.CgroupsRoot+"/"+tr.executor().ContainerID {
			entered = append(entered, hierarchy)
		}
	}
	if diff := cmp.Diff([]string{"freezer", "memory", "cpuacct", "cpu"}, entered); diff != "" {
		t.Errorf("hierarchies of the container (-recorded +got):\n%s", diff)
	}

	if got, want := tr.cgroup("cpu", "cpu.shares"), "307"; got != want { // 0.3 cpus, as recorded
		t.Errorf("cpu.shares %s, want %s", got, want)
	}
	if got, want := tr.cgroup("memory", "memory.limit_in_bytes"), fmt.Sprint(128<<20); got != want {
		t.Errorf("memory limit %s, want %s", got, want)
	}
	tr.launch("t2")
	tr.expect("t2 TASK_STARTING", "t2 TASK_RUNNING")
	if got, want := tr.cgroup("memory", "memory.limit_in_bytes"), fmt.Sprint(192<<20); got != want {
		t.Errorf("memory limit with a second task %s, want %s", got, want)
	}
	tr.must(tr.agent.Kill("fw", "t2", nil))
	tr.expect("t2 TASK_KILLED")
	if got, want := tr.cgroup("memory", "memory.limit_in_bytes"), fmt.Sprint(192<<20); got != want {
		t.Errorf("memory limit after the second task %s, want %s: it is never lowered", got, want)
	}
	eventually(t, "the soft limit follows the tasks", func() bool {
		return tr.cgroup("memory", "memory.soft_limit_in_bytes") == fmt.Sprint(128<<20)
	})
}

func TestTheLinuxLauncherKillsEverythingAndRemovesItsCgroups(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]string{"an executor that exits": "children", "one that ignores its shutdown": "children ignore"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := cgroupTrial(t, behaviour, Options{ShutdownGrace: 20 * time.Millisecond})
			tr.launch("t1")
			tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
			var children []int
			tr.read("children.json", &children)
			below := filepath.Join("/sys/fs/cgroup/memory", tr.agent.opts.CgroupsRoot, tr.executor().ContainerID, "below")
			tr.must(os.Mkdir(below, 0o755))
			tr.must(os.WriteFile(below+"/cgroup.procs", fmt.Append(nil, children[1]), 0o600))

			tr.must(tr.agent.Shutdown("fw", "ex"))
			tr.expect("FAILURE")
			for _, pid := range children {
				if isAlive(pid) {
					t.Errorf("child %d lives", pid)
				}
			}
			for _, h := range hierarchies() {
				if _, err := os.Stat(filepath.Join("/sys/fs/cgroup", h, tr.agent.opts.CgroupsRoot, tr.executor().ContainerID)); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the %s cgroup is left: %v", h, err)
				}
			}
		})
	}
}

func TestAContainerOverItsMemoryIsKilled(t *testing.T) {
	t.Parallel()
	tr := cgroupTrial(t, "eat", Options{})
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING", "FAILURE 9",
		"t1 TASK_FAILED REASON_CONTAINER_LIMITATION_MEMORY: Memory limit exceeded: Requested: 128MB Maximum Used: 128MB\n\nMEMORY STATISTICS: \n")
}

func TestAnAgentKillsTheOrphansOfTheOneBefore(t *testing.T) {
	t.Parallel()
	tr := cgroupTrial(t, "late", Options{})
	tr.launch("t1")
	tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
	pid := tr.executor().Pid

	next, err := Start(t.Context(), Options{WorkDir: tr.agent.opts.WorkDir, CgroupsRoot: tr.agent.opts.CgroupsRoot})
	tr.must(err)
	tr.must(next.Stop(t.Context()))
	tr.expect("FAILURE 9", "t1 TASK_FAILED")
	if isAlive(pid) {
		t.Error("the orphan lives")
	}

	other, err := Start(t.Context(), Options{WorkDir: t.TempDir(), CgroupsRoot: tr.agent.opts.CgroupsRoot})
	tr.must(err)
	tr.must(other.Stop(t.Context()))
}

func TestAnAgentWithCgroupsRestarts(t *testing.T) {
	t.Parallel()
	for name, checkpoint := range map[string]bool{"with checkpoint": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := cgroupTrial(t, "children", Options{})
			tr.framework.Checkpoint = &checkpoint
			tr.launch("t1")
			tr.expect("t1 TASK_STARTING", "t1 TASK_RUNNING")
			var children []int
			tr.read("children.json", &children)
			tr.must(tr.agent.Restart(t.Context(), RestartOptions{}))
			if !checkpoint {
				tr.expect("t1 TASK_LOST REASON_AGENT_DISCONNECTED")
				eventually(t, "the orphan is gone", func() bool { return !isAlive(children[0]) && !isAlive(children[1]) })

				return
			}
			eventually(t, "the executor is back", func() bool { return tr.executor().State == "RUNNING" })
			tr.must(tr.agent.Kill("fw", "t1", nil))
			tr.expect("t1 TASK_KILLED")
			if tr.executor().Tasks["t1"] != mesos.TASK_KILLED {
				t.Error("the task is not known as killed")
			}
		})
	}
}
