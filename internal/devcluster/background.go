//go:build unix

package devcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// ReadyFD is the file descriptor on which a cluster in the background says that it is there (Told).
const ReadyFD = 3

// Background starts a program that calls Run, in a session of its own, and waits until the cluster is there.
func (h Home) Background(ctx context.Context, program []string) (Record, error) {
	if err := os.MkdirAll(h.Dir, 0o755); err != nil { // executors of other users go through it to their sandboxes
		return Record{}, notStarted(err.Error(), "set XDG_STATE_HOME to a directory that you may write to", err)
	}
	log, err := os.OpenFile(h.Log(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return Record{}, notStarted(err.Error(), "", err)
	}
	defer log.Close()
	ready, theirs, err := os.Pipe()
	if err != nil {
		return Record{}, fmt.Errorf("making a pipe: %w", err)
	}
	defer ready.Close()
	cmd := exec.Command(program[0], program[1:]...) //nolint:noctx // it outlives this process
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = "/", log, log, []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return Record{}, notStarted(err.Error(), "", err)
	}

	return h.await(ctx, cmd, ready)
}

// await waits for the word of the cluster. One that is not waited for any more is told to stop.
func (h Home) await(ctx context.Context, cmd *exec.Cmd, ready *os.File) (Record, error) {
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	var told Told
	err := json.NewDecoder(ready).Decode(&told)
	if err == nil && told.Record != nil && ctx.Err() == nil {
		return *told.Record, cmd.Process.Release()
	}
	_ = cmd.Wait() // how it ended says nothing new
	switch {
	case ctx.Err() != nil:
		return Record{}, context.Cause(ctx)
	case told.Failed != "":
		return Record{}, notStarted(told.Failed, told.Hint, nil)
	}

	return Record{}, notStarted("it ended before it was ready", "its last words are in "+h.Log(), err)
}
