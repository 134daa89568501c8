package local

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// ownSession keeps the signals of this console, and its end, from a process.
func ownSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS}
}

// answerThrough gives a monitor the pipe for its answers: its standard output,
// since Windows hands no other descriptor down, and kills nobody for a broken
// pipe.
func answerThrough(monitor *exec.Cmd, pipe *os.File) { monitor.Stdout = pipe }

// answersOf is that pipe as the monitor finds it.
func answersOf() *os.File { return os.Stdout }
