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

// bootID is the kernel's boot id, the same in every namespace; empty when it
// cannot be read, or when something else is mounted over it: systemd-nspawn
// gives each of its containers an id of its own there, which would tell every
// living process of another one as one from before a reboot.
func bootID() string {
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

// errHidden says that a process lives of which /proc tells nothing.
var errHidden = errors.New("/proc hides it (hidepid)")

// began is when a process began, in clock ticks since boot. A zombie counts as
// gone, and so does what is exiting: its files, and with them its lock, close
// before it is a zombie.
func began(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, syscall.ESRCH) { // it ended between open and read
		return "", fs.ErrNotExist
	}
	if errors.Is(err, fs.ErrNotExist) && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", errHidden // with hidepid=2 somebody else's process is not there, proc(5)
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
	return p.start, nil
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

// namespaces are the inode numbers of the namespaces that a pid and the start of
// its process belong to: that of pids, and that of time, whose offset the kernel
// adds to every start (time_namespaces(7), Linux 5.6). They cannot be told where
// /proc is that of another pid namespace.
func namespaces() (string, bool) {
	self, err := os.Readlink("/proc/self")
	if err != nil || self != strconv.Itoa(os.Getpid()) {
		return "", false
	}
	pids, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", false
	}
	ns := inode(pids)
	if clock, err := os.Readlink("/proc/self/ns/time"); err == nil {
		ns += "." + inode(clock)
	}
	return ns, true
}

// inode is the number in the name of a namespace: pid:[4026531836].
func inode(name string) string {
	_, n, _ := strings.Cut(name, "[")
	return strings.TrimSuffix(n, "]")
}
