// Package cli is the command line: one file per command, each of them flags to
// an options struct, one call, print. It decides nothing.
package cli

import (
	"context"
	"io"
	"time"
)

// Env is the process as a command sees it; only cmd/dce makes one from the
// real thing.
type Env struct {
	Args    []string // without the program's name
	Program string   // how it was called: argv[0]
	Version string   // of this binary
	Dir     string
	Environ []string
	// Unsetenv takes a variable out of this process's environment, so that no
	// library and no child finds it; nil does nothing.
	Unsetenv func(name string)
	// SystemConfig is the operator's file of an executor; empty is
	// /etc/dce/dce.yaml. No argument and no variable leads to another one.
	SystemConfig string
	Stdin        io.Reader
	Stdout       io.Writer
	Stderr       io.Writer
	// Interrupts delivers SIGINT, SIGTERM and SIGHUP: the first asks for a graceful
	// end, the second for an immediate one.
	Interrupts <-chan Interrupt
	// Now is the clock by which pods are kept for inspection; nil is the machine's.
	Now func() time.Time
}

// Interrupt is a signal that asks for the end.
type Interrupt struct {
	// Exit is the exit code that the convention gives it: 128 and the signal's
	// number, so 130 for Ctrl-C, 143 for SIGTERM, 129 for a terminal that is gone.
	Exit int
}

// Main runs one command and returns its exit code.
func Main(ctx context.Context, env Env) int {
	return run(ctx, env)
}
