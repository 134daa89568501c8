package lease

import (
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// bootID is the id of this boot; empty when it cannot be read.
func bootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}

// began is when a process began, in microseconds since 1970.
func began(pid int) (string, error) {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || int(info.Proc.P_pid) != pid {
		return "", fs.ErrNotExist
	}
	return fmt.Sprintf("%d.%06d", info.Proc.P_starttime.Sec, info.Proc.P_starttime.Usec), nil
}

// namespaces is empty: there is one for all.
func namespaces() (string, bool) { return "", true }
