//go:build unix

package cgroup

import "golang.org/x/sys/unix"

// mayWrite asks the kernel: a file system mounted read-only, as in most
// containers, refuses although the mode allows it.
func mayWrite(dir string) bool { return unix.Access(dir, unix.W_OK) == nil }

func inodeOf(dir string) (uint64, bool) {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return 0, false
	}
	return uint64(st.Ino), true //nolint:unconvert // it has other types elsewhere
}
