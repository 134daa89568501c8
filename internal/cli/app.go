package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/project"
	"dce/internal/term"
)

// app is what the commands of one run share: the process, the flags that every
// command takes, and the terminal.
type app struct {
	env    Env
	start  string // the directory dce was called in; -C moves env.Dir
	common common
	screen *term.UI
	// json says that the command was asked for JSON, so problems are JSON too.
	json bool
	// interrupted is the exit code of the signal that ended the command.
	interrupted int
}

// exitError ends a command with a code and without a word: the reason has been
// shown already, or there is none to show.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit %d", e.code) }

// exit is the error for a command that ends with this code and has said why.
func exit(code int) error {
	if code == 0 {
		return nil
	}
	return exitError{code}
}

// ui is the terminal, made on first use: by then the flags are known.
func (a *app) ui() *term.UI {
	if a.screen == nil {
		a.screen = term.New(term.Config{
			Stdout: a.env.Stdout, Stderr: a.env.Stderr, Getenv: a.getenv, Dir: a.start,
			Color: a.common.color.value, Progress: a.common.progress.value,
			Quiet: a.common.quiet, Debug: a.common.debug,
			JSON: a.json || a.common.progress.value == "json",
		})
	}
	return a.screen
}

// getenv reads the environment that the process was started with. The last of
// several equal keys counts, as in a shell.
func (a *app) getenv(key string) string {
	value, _ := a.lookupenv(key)
	return value
}

func (a *app) lookupenv(key string) (string, bool) {
	for _, pair := range slices.Backward(a.env.Environ) {
		if k, v, ok := strings.Cut(pair, "="); ok && k == key {
			return v, true
		}
	}
	return "", false
}

// projectOptions are the flags that say which project is meant.
func (a *app) projectOptions() project.Options {
	return project.Options{
		Dir:      a.env.Dir,
		Files:    a.common.files,
		Name:     a.common.projectName,
		Profiles: a.common.profiles,
		EnvFiles: a.common.envFiles,
		Config:   a.common.config,
		Environ:  a.env.Environ,
		Stdin:    a.env.Stdin,
	}
}

// action is the body of a command: its flags are parsed.
type action func(ctx context.Context, args []string) error

// until makes a cobra body of an action that the first interrupt ends by
// cancelling its context. A command that ends in its own way on an interrupt
// (up) reads a.env.Interrupts itself and uses plain instead.
func (a *app) until(do action) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, cancel := context.WithCancelCause(cmd.Context())
		defer cancel(nil)
		done := make(chan struct{})
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			select {
			case i, ok := <-a.env.Interrupts:
				if ok {
					a.interrupted = i.Exit
					cancel(errInterrupted)
				}
			case <-done:
			}
		}()
		err := do(ctx, args)
		close(done)
		<-watched
		return err
	}
}

// plain makes a cobra body of an action that handles interrupts by itself.
func (a *app) plain(do action) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error { return do(cmd.Context(), args) }
}

var errInterrupted = errors.New("interrupted")
