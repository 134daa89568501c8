//go:build unix

package cgroup

import "golang.org/x/sys/unix"

// mayWrite asks the kernel: a file system mounted read-only, as in most
// containers, refuses although the mode allows it.
func mayWrite(dir string) bool { return unix.Access(dir, unix.W_OK) == nil }
