package cgroup

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// busy puts a process that only waits into a cgroup.
func busy(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), "sleep", "60")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	pid := []byte(strconv.Itoa(c.Process.Pid))
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), pid, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// holdsAndFrees holds that a parent goes only once the process in inside, a
// cgroup at or below it, has ended.
func holdsAndFrees(t *testing.T, tree Tree, parent, inside string) {
	t.Helper()
	child := busy(t, inside)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := tree.Remove(ctx, parent); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("a cgroup with a process: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if err := tree.Remove(t.Context(), parent); err != nil || tree.Exists(parent) {
		t.Errorf("after its end: %v, and it is there: %v", err, tree.Exists(parent))
	}
}
