//go:build unix

package local

import (
	"os"
	"os/exec"
	"syscall"
)

// ownSession keeps the signals of this terminal, and its end, from a process.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// linkDescriptor is where a monitor answers. Not 1 or 2: a write to a broken
// pipe there kills a Go program.
const linkDescriptor = 3

// answerThrough gives a monitor the pipe for its answers.
func answerThrough(monitor *exec.Cmd, pipe *os.File) { monitor.ExtraFiles = []*os.File{pipe} }

// answersOf is that pipe as the monitor finds it, nil where there is none.
func answersOf() *os.File { return os.NewFile(linkDescriptor, "link") }
