//go:build !linux

package agent

import "os/exec"

// awaitExit waits for a child; there is no portable way to leave it there.
func awaitExit(cmd *exec.Cmd) {
	_ = cmd.Wait() // the status is in ProcessState
}
