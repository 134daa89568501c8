package local

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// ownSession keeps the signals of this console, and its end, from a process.
func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS}
}
