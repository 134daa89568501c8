package lease

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// BootID is the kernel's boot id, the same in every namespace; empty when it
// cannot be read, or when something else is mounted over it: systemd-nspawn
// gives each of its containers an id of its own there, which would tell every
// living process of another one as one from before a reboot.
func BootID() string {
	const dir = "/proc/sys/kernel/random"
	b, err := os.ReadFile(dir + "/boot_id")
	if err != nil || !sameDevice(dir, dir+"/boot_id") {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func sameDevice(a, b string) bool {
	var one, two syscall.Stat_t
	return syscall.Stat(a, &one) == nil && syscall.Stat(b, &two) == nil && one.Dev == two.Dev
}

// startOf is when a process began, in clock ticks since boot, and its pid
// namespace: "117685@4026531836". A zombie counts as gone, and so does what is
// exiting: its files, and with them its lock, close before it is a zombie.
func startOf(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, syscall.ESRCH) { // it ended between open and read
		return "", fs.ErrNotExist
	}
	if err != nil {
		return "", err
	}
	p, err := parseStat(stat)
	if err != nil {
		return "", fmt.Errorf("reading /proc/%d/stat: %w", pid, err)
	}
	if p.ended() {
		return "", fs.ErrNotExist
	}
	return p.start + "@" + pidNamespace(), nil
}

// process is what /proc/PID/stat tells, proc(5): fields 3, 9 and 22.
type process struct {
	state string
	flags uint64
	start string
}

// exiting is PF_EXITING of the kernel's include/linux/sched.h.
const exiting = 0x4

func (p process) ended() bool {
	return p.state == "Z" || p.state == "X" || p.flags&exiting != 0
}

// parseStat reads the content of /proc/PID/stat. Its second field is the
// program's name in parentheses, which may hold anything.
func parseStat(stat []byte) (process, error) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return process{}, errors.New("no program name in it")
	}
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) < 20 {
		return process{}, errors.New("too few fields in it")
	}
	flags, err := strconv.ParseUint(fields[6], 10, 64)
	if err != nil {
		return process{}, fmt.Errorf("its flags: %w", err)
	}
	return process{fields[0], flags, fields[19]}, nil
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
