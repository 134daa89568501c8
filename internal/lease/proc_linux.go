package lease

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// BootID is the kernel's boot id, the same in every namespace; empty when it
// cannot be read.
func BootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// startOf is when a process began, in clock ticks since boot, and its pid
// namespace: "117685@4026531836". A zombie counts as gone.
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, syscall.ESRCH) { // it ended between open and read
		return "", fs.ErrNotExist
	}
	if err != nil {
		return "", err
	}
	state, start, err := parseStat(stat)
	if err != nil {
		return "", fmt.Errorf("reading /proc/%d/stat: %w", pid, err)
	}
	if state == "Z" || state == "X" {
		return "", fs.ErrNotExist
	}
	return start + "@" + pidNamespace(), nil
}

// parseStat gives fields 3 and 22 of /proc/PID/stat, proc(5). The second field
// is the program's name in parentheses, which may hold anything.
func parseStat(stat []byte) (state, start string, err error) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return "", "", errors.New("no program name in it")
	}
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) < 20 {
		return "", "", errors.New("too few fields in it")
	}
	return fields[0], fields[19], nil
}

// pidNamespace is the inode number of this process's pid namespace, empty when
// it cannot be read.
func pidNamespace() string {
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(link, "pid:["), "]")
}
