//go:build unix

package devcluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dce/internal/lease"
)

// killed is the home of a cluster that was killed while a process ran in the cgroup of one of its executors.
func killed(t *testing.T) (home Home, cgroup string, process *exec.Cmd) {
	t.Helper()
	root := fmt.Sprintf("dce-killed-%d-%s", os.Getpid(), strings.ReplaceAll(t.Name(), "/", "-"))
	cgroup = filepath.Join("/sys/fs/cgroup/freezer", root, "c1")
	if _, err := os.Stat("/sys/fs/cgroup/freezer/cgroup.procs"); err != nil { // else v2 would make a cgroup of that name
		t.Skipf("there is no freezer here: %v", err)
	}
	if err := os.MkdirAll(cgroup, 0o755); err != nil {
		t.Skipf("no cgroup can be made here: %v", err)
	}
	t.Cleanup(func() { _, _ = os.Remove(cgroup), os.Remove(filepath.Dir(cgroup)) })
	process = exec.CommandContext(t.Context(), "sleep", "1000")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cgroup, "cgroup.procs"), []byte(strconv.Itoa(process.Process.Pid)), 0o644); err != nil {
		t.Fatal(err)
	}
	home = Home{Dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(home.work(), "slaves/s1/frameworks/f1/executors/e1/runs/c1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := home.write(Record{PID: 1, Cgroups: root}); err != nil {
		t.Fatal(err)
	}
	return home, cgroup, process
}

func TestWhatAKilledClusterLeavesIsRemoved(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(Home) error{
		"by stop":  func(h Home) error { _, err := h.Stop(t.Context(), false); return err },
		"by start": Home.reclaim,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home, cgroup, process := killed(t)
			if err := next(home); err != nil {
				t.Fatal(err)
			}
			if err := process.Wait(); err == nil {
				t.Error("its process ended by itself")
			}
			for _, path := range []string{cgroup, filepath.Dir(cgroup), home.work(), filepath.Join(home.Dir, recordFile)} {
				if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s is left: %v", path, err)
				}
			}
		})
	}
}

func TestALivingClusterIsNotTidied(t *testing.T) {
	t.Parallel()
	home, cgroup, process := killed(t)
	held, err := lease.Take(home.Dir, leaseName)
	if err != nil {
		t.Fatal(err)
	}
	if err := home.tidy(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cgroup); err != nil {
		t.Error(err)
	}
	if err := errors.Join(held.Release(), home.tidy()); err != nil { // and when it is dead
		t.Fatal(err)
	}
	_ = process.Wait() // killed
	if _, err := os.Stat(cgroup); err == nil {
		t.Error("its cgroup is left")
	}
}
