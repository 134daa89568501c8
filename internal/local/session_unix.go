//go:build unix

package local

import "syscall"

// ownSession keeps the signals of this terminal, and its end, from a process.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
