package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/containerd/errdefs"
	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// ErrNoContainer says that a service has no running container to run a command
// in.
var ErrNoContainer = errors.New("no container of it runs")

// Command is a program to run in a container of a pod that runs already.
type Command struct {
	// Service names the container; of several the first runs it.
	Service string
	Argv    []string
	Env     []string // KEY=VALUE, over the container's own
	// MaxOutput bounds how many bytes are kept of what it writes; 4 KiB when zero.
	MaxOutput int
}

// Ran is what became of a Command.
type Ran struct {
	ExitCode int
	// Output is the end of what it wrote, to stdout and stderr as they came.
	Output string
}

// Exec runs a command in a pod's service and waits for its end. When ctx ends,
// the command is killed as far as this machine can: the engine itself has no
// call for that.
func (e *Engine) Exec(ctx context.Context, podID string, c Command) (Ran, error) {
	id, err := e.running(ctx, podID, c.Service)
	if err != nil {
		return Ran{}, err
	}
	made, err := e.api.ExecCreate(ctx, id, client.ExecCreateOptions{
		Cmd: c.Argv, Env: c.Env, AttachStdout: true, AttachStderr: true,
	})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) { // it has ended since, or is paused
		return Ran{}, ErrNoContainer
	}
	if err != nil {
		return Ran{}, classify(fmt.Errorf("preparing a command in %s: %w", c.Service, err), about{host: e.Host()})
	}
	output := &tail{max: cmp.Or(c.MaxOutput, evidenceText)}
	if err := e.attach(ctx, made.ID, output); err != nil {
		e.killExec(context.WithoutCancel(ctx), made.ID, id)
		return Ran{}, err
	}
	code, err := e.exitCode(ctx, made.ID)
	if err != nil {
		return Ran{}, classify(fmt.Errorf("asking for the end of a command in %s: %w", c.Service, err), about{host: e.Host()})
	}
	return Ran{ExitCode: code, Output: output.String()}, nil
}

// exitCode waits for the end of a command that writes no more: the engine notes
// it a moment after the stream has ended (Engine 20.10.24: up to some 10 ms).
func (e *Engine) exitCode(ctx context.Context, id string) (int, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 2*time.Millisecond, 100*time.Millisecond
	for {
		res, err := e.api.ExecInspect(ctx, id, client.ExecInspectOptions{})
		if err != nil || !res.Running {
			return res.ExitCode, err
		}
		select {
		case <-time.After(pause.NextBackOff()):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// running finds the first running container of a service.
func (e *Engine) running(ctx context.Context, podID, service string) (string, error) {
	filters := ofPod(podID).Add("label", api.ServiceLabel+"="+service)
	own, err := e.list(ctx, client.ContainerListOptions{Filters: filters})
	if err != nil {
		return "", err
	}
	found := slices.DeleteFunc(own, func(c container.Summary) bool { return c.State != container.StateRunning })
	if len(found) == 0 {
		return "", ErrNoContainer
	}
	slices.SortFunc(found, func(a, b container.Summary) int { return strings.Compare(nameOf(a), nameOf(b)) })
	return found[0].ID, nil
}

// attach starts a prepared command and reads what it writes until it ends, or
// until ctx does.
func (e *Engine) attach(ctx context.Context, id string, to io.Writer) error {
	stream, err := e.api.ExecAttach(ctx, id, client.ExecAttachOptions{})
	if err != nil {
		return classify(fmt.Errorf("starting a command: %w", err), about{host: e.Host()})
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, stream.Close)() // a connection that was taken over knows no contexts
	_, err = stdcopy.StdCopy(to, to, stream.Reader)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return classify(fmt.Errorf("reading what a command writes: %w", err), about{host: e.Host()})
	}
	return nil
}

// killExecTime bounds the clean-up after a command that was given up.
const killExecTime = 5 * time.Second

// killExec ends a command that nobody waits for any more. Engines of another
// machine leave it running.
func (e *Engine) killExec(ctx context.Context, id, containerID string) {
	ctx, cancel := context.WithTimeout(ctx, killExecTime)
	defer cancel()
	pid, err := e.execPID(ctx, id)
	if err == nil && pid > 1 {
		err = killInContainer(pid, containerID)
	}
	if err != nil {
		e.log.Debug("killing a command that was given up", "container_id", containerID, "err", err)
	}
}

// execPID is the process of a command, 0 when it has ended. The engine says that
// a command runs before it knows its process (Engine 20.10.24), so this waits
// for it.
func (e *Engine) execPID(ctx context.Context, id string) (int, error) {
	for {
		res, err := e.api.ExecInspect(ctx, id, client.ExecInspectOptions{})
		switch {
		case err != nil:
			return 0, err
		case !res.Running:
			return 0, nil
		case res.PID > 0:
			return res.PID, nil
		}
		select {
		case <-time.After(execPause):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// execPause is between two looks for a command's process.
const execPause = 10 * time.Millisecond

// tail keeps the last bytes of what is written to it.
type tail struct {
	max  int
	kept []byte
	cut  bool
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[max(0, len(p)-t.max):]...)
	if over := len(t.kept) - t.max; over > 0 {
		t.kept, t.cut = slices.Delete(t.kept, 0, over), true
	}
	t.cut = t.cut || len(p) > t.max
	return len(p), nil
}

// String is what was kept, without half a character at its beginning.
func (t *tail) String() string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(t.kept), ""))
	if t.cut {
		return "... " + text
	}
	return text
}
