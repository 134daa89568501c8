package engine

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// killInContainer kills a process and its group, if it is one of the container
// on this machine: the engine of another may well use the same number.
// runc makes every such process the leader of a session (nsexec.c), so its
// children go with it.
func killInContainer(pid int, containerID string) error {
	member, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return fmt.Errorf("reading the cgroup of process %d: %w", pid, err)
	}
	if !strings.Contains(string(member), containerID) {
		return fmt.Errorf("process %d is not of container %s", pid, containerID)
	}
	target := pid
	if group, err := syscall.Getpgid(pid); err == nil && group == pid {
		target = -pid
	}
	if err := syscall.Kill(target, syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing process %d: %w", pid, err)
	}
	return nil
}
