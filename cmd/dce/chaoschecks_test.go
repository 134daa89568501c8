package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"dce/internal/enginetest"
)

// A suite that finds nothing proves nothing unless it would find what it looks
// for: each kind of leak is planted, and must be named.
func TestTheChaosSuiteNamesEachLeak(t *testing.T) {
	t.Parallel()
	api := enginetest.Require(t)
	w := &world{chaos: &chaos{T: t}, api: api, leases: t.TempDir(), image: enginetest.Busybox(t, api)}
	pod := enginetest.PodID(t, "leak")
	labels := map[string]string{"dce.pod": pod}
	t.Cleanup(func() { enginetest.Remove(context.Background(), api, pod) })
	if left := w.left(pod); len(left) > 0 {
		t.Fatalf("left before there was anything: %q", left)
	}
	for what, plant := range map[string]func() (undo func() error, err error){
		"container ": func() (func() error, error) {
			_, err := api.ContainerCreate(t.Context(), client.ContainerCreateOptions{Name: pod, Config: &container.Config{Image: w.image, Labels: labels}})
			return func() error {
				_, err := api.ContainerRemove(t.Context(), pod, client.ContainerRemoveOptions{})
				return err
			}, err
		},
		"network ": func() (func() error, error) {
			_, err := api.NetworkCreate(t.Context(), pod, client.NetworkCreateOptions{Labels: labels})
			return func() error { _, err := api.NetworkRemove(t.Context(), pod, client.NetworkRemoveOptions{}); return err }, err
		},
		"volume ": func() (func() error, error) {
			_, err := api.VolumeCreate(t.Context(), client.VolumeCreateOptions{Name: pod, Labels: labels})
			return func() error { _, err := api.VolumeRemove(t.Context(), pod, client.VolumeRemoveOptions{}); return err }, err
		},
		"its lease": func() (func() error, error) {
			file := filepath.Join(w.leases, pod+".lease")
			return func() error { return os.Remove(file) }, os.WriteFile(file, nil, 0o600)
		},
		aCgroup: func() (func() error, error) {
			top := "/sys/fs/cgroup/freezer/" + pod + "-root"
			return func() error { return exec.CommandContext(t.Context(), "rmdir", top+"/"+pod, top).Run() }, os.MkdirAll(top+"/"+pod, 0o755)
		},
		aProcess: func() (func() error, error) {
			cmd := exec.CommandContext(t.Context(), "sleep", "1000")
			cmd.Env = []string{"MESOS_DIRECTORY=/work/runs/" + pod}
			return func() error { _ = cmd.Process.Kill(); _ = cmd.Wait(); return nil }, cmd.Start()
		},
	} {
		undo, err := plant()
		if err != nil {
			t.Fatalf("planting %s: %v", what, err)
		}
		enginetest.Eventually(t, time.Minute, what+"to be seen", func() (bool, string) { // a process has its variables when it has exec'ed
			left := w.left(pod)
			return len(left) == 1 && strings.HasPrefix(left[0], what), strings.Join(left, ", ")
		})
		if err := undo(); err != nil {
			t.Errorf("removing %s: %v", what, err)
		}
	}
	if left := w.left(pod); len(left) > 0 {
		t.Errorf("left after all: %q", left)
	}
}

// What happens to a neighbour is seen, however shortly it was away.
func TestTheChaosSuiteSeesAWrongKill(t *testing.T) {
	t.Parallel()
	api := enginetest.Require(t)
	w := &world{chaos: &chaos{T: t}, api: api}
	pod := enginetest.PodID(t, "victim")
	t.Cleanup(func() { enginetest.Remove(context.Background(), api, pod) })
	c, err := api.ContainerCreate(t.Context(), client.ContainerCreateOptions{Name: pod, Config: &container.Config{
		Image: enginetest.Busybox(t, api), Cmd: []string{"sleep", "1000"}, Labels: map[string]string{"dce.pod": pod},
	}})
	if err != nil {
		t.Fatal(err)
	}
	start := func() {
		if _, err := api.ContainerStart(t.Context(), c.ID, client.ContainerStartOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	start()
	was := w.lives(pod)
	if gone := ended(was, w.lives(pod)); len(was) != 1 || len(gone) > 0 {
		t.Fatalf("%q lives; untouched, %q has ended", was, gone)
	}
	if _, err := api.ContainerRestart(t.Context(), c.ID, client.ContainerRestartOptions{Timeout: new(0)}); err != nil {
		t.Fatal(err)
	}
	if gone := ended(was, w.lives(pod)); len(gone) != 1 {
		t.Errorf("restarted: %q", gone)
	}
	if _, err := api.ContainerRemove(t.Context(), c.ID, client.ContainerRemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	if gone := ended(was, w.lives(pod)); len(gone) != 1 {
		t.Errorf("removed: %q", gone)
	}
}

// What a sweep removes is held against the processes of the executors.
func TestTheChaosSuiteSeesWhatASweepShouldHaveSpared(t *testing.T) {
	t.Parallel()
	const out = "kept pod a (task t) until then\nremoved pod b.1 (task t), 2 containers: nobody holds its lease\n" +
		"left alone pod c (task t)\ncould not remove pod d (task t): no\nremoved cgroup /dce/e\nremoved pod f (task t)\n"
	if got := removedBy(out); !slices.Equal(got, []string{"b.1", "f"}) {
		t.Errorf("removed: %q", got)
	}
	if pids := executorsOf(enginetest.PodID(t, "nobody")); len(pids) > 0 {
		t.Errorf("nobody's executor is %v", pids)
	}
}

func TestTheChaosSuiteSeesUpdatesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	const starting, running, killing, killed, failed = mesos.TASK_STARTING, mesos.TASK_RUNNING, mesos.TASK_KILLING, mesos.TASK_KILLED, mesos.TASK_FAILED
	for want, told := range map[string][][]mesos.TaskState{
		"":                        {{starting, running, killing, killed}, {failed}, {starting, running, running, failed}},
		"was told after its end":  {{starting, killed, failed}, {killed, killed}, {failed, running}},
		"was never told as ended": {{starting, running}, {starting}},
		"goes back":               {{running, starting, failed}, {starting, killing, running, killed}},
		"was never told of":       {{}},
	} {
		for _, states := range told {
			var all []mesos.TaskStatus
			for _, s := range states {
				all = append(all, mesos.TaskStatus{State: &s})
			}
			if got := inconsistency(all); got != want {
				t.Errorf("%v: %q, want %q", states, got, want)
			}
		}
	}
}

// The plan of a seed is the same whoever takes from it, and has each fault as
// often as it is there.
func TestASeedMakesTheSamePlan(t *testing.T) {
	t.Parallel()
	plan := func(seed uint64) (names []string) {
		d := &deck{faults: chaosFaults(), seed: seed, left: 2 * len(chaosFaults())}
		for {
			f, r, ok := d.deal()
			if !ok {
				return names
			}
			names = append(names, f.name+" "+time.Duration(r.Int64()).String())
		}
	}
	one := plan(7)
	if !slices.Equal(one, plan(7)) || slices.Equal(one, plan(8)) {
		t.Error("the seed does not decide")
	}
	for _, f := range chaosFaults() {
		dealt := slices.DeleteFunc(slices.Clone(one), func(name string) bool { return !strings.HasPrefix(name, f.name+" ") })
		if len(dealt) < 2 {
			t.Errorf("%s was dealt %d times in two rounds", f.name, len(dealt))
		}
	}
}

func TestFiguresGoBetweenTheirMarks(t *testing.T) {
	t.Parallel()
	page := "# Page\n" + figuresBegin + "old\n" + figuresEnd + "rest\n"
	got, ok := between(page, "new\n")
	if want := "# Page\n" + figuresBegin + "\nnew\n\n" + figuresEnd + "rest\n"; !ok || got != want {
		t.Errorf("%v: %s", ok, got)
	}
	if _, ok := between("# Page\n", "new\n"); ok {
		t.Error("a page without marks has a place")
	}
	text, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := between(string(text), ""); !ok {
		t.Error("docs/reliability.md has no place for the figures of make chaos")
	}
}
