// Package hook runs the commands that a project wants around a deploy, on the
// machine of who deploys. They are the deployer's own: nothing of a pod, a
// bundle or an agent ever gets here.
package hook

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	// patience is how long a command that was asked to end may take, and one that
	// has ended may leave its output open to what it has started.
	patience = 5 * time.Second
	// lastLines is how much of its output is told of a command that fails.
	lastLines = 10
	// lineLimit is the longest line, in bytes; what is beyond it is the next one.
	lineLimit = 64 << 10
)

// Call is one run of one command.
type Call struct {
	// Command is what sh takes with -c.
	Command string
	// Dir is where it runs, and Environ its environment, in the form of os.Environ.
	Dir     string
	Environ []string
	// Input is what it can read from its stdin.
	Input []byte
	// Line hears each line that it writes, to whichever stream.
	Line func(text string)
	// Timeout bounds it, zero is no bound.
	Timeout time.Duration
}

// Failure is a command that did not end with 0.
type Failure struct {
	// Err is *exec.ExitError where it ran and ended, the context's cause where that
	// is what ended it.
	Err error
	// Last are its last lines, oldest first.
	Last []string
}

func (f *Failure) Error() string { return f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// ErrTimeout is the reason of a command that took longer than its Timeout.
var ErrTimeout = errors.New("it took too long")

// Run runs a command to its end. The end of ctx interrupts it, and kills it when
// that does not help. Its error is a *Failure.
func Run(ctx context.Context, c Call) error {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("%w: more than %s", ErrTimeout, c.Timeout))
		defer cancel()
	}
	heard := &listener{line: c.Line}
	cmd := exec.CommandContext(ctx, "sh", "-c", c.Command)
	cmd.Dir, cmd.Env, cmd.Stdin = c.Dir, c.Environ, bytes.NewReader(c.Input)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = patience
	err := heard.during(cmd)
	switch {
	case ctx.Err() != nil && err != nil:
		err = context.Cause(ctx)
	case errors.Is(err, exec.ErrWaitDelay): // it has ended well, and left something running
		err = nil
	}
	if err == nil {
		return nil
	}
	return &Failure{Err: err, Last: heard.last}
}

// listener takes what a command writes, line by line.
type listener struct {
	line func(string)
	last []string
}

// during runs cmd with its output going to the listener.
func (l *listener) during(cmd *exec.Cmd) error {
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w // one writer: os/exec makes one stream of them, in order
	var reading sync.WaitGroup
	reading.Go(func() { l.read(r) })
	err := cmd.Run()
	w.Close()
	reading.Wait()
	return err //nolint:wrapcheck // Run says whose it is
}

func (l *listener) read(r io.Reader) {
	lines := bufio.NewReaderSize(r, lineLimit)
	for {
		text, err := lines.ReadSlice('\n')
		if len(text) > 0 {
			l.hear(string(bytes.TrimRight(text, "\r\n")))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (l *listener) hear(text string) {
	l.last = append(l.last, text)
	l.last = l.last[max(0, len(l.last)-lastLines):]
	if l.line != nil {
		l.line(text)
	}
}
