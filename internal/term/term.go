// Package term shows things to a person: diagnostics with the lines they stand
// on, tables, progress, colours. stdout is the answer and nothing else; stderr
// is progress, hints, diagnostics and logs; each stream is judged separately
// for colour and width. Text that comes from files, engines and containers
// never reaches the terminal as control characters.
package term

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"dce/internal/diag"
)

// Config is what a UI is made from. The zero value of each field is the
// default; Stdout and Stderr must be set.
type Config struct {
	Stdout io.Writer
	Stderr io.Writer
	// Getenv reads the environment; nil is an empty one.
	Getenv func(string) string
	// Dir is the directory that paths are shown relative to.
	Dir string
	// Color is auto, always or never; Progress is auto, tty, plain, json or quiet.
	Color    string
	Progress string
	// Quiet leaves out everything but the answer and errors.
	Quiet bool
	// Debug shows the chain of causes below each problem.
	Debug bool
	// JSON prints diagnostics as JSON lines.
	JSON bool
	// ReadFile reads an input file for the lines that a problem stands on; nil is
	// os.ReadFile.
	ReadFile func(name string) ([]byte, error)
}

// UI is the two streams of one command and how to write to them.
type UI struct {
	config Config
	stdout *Stream
	stderr *Stream
}

// New makes the UI of one command.
func New(c Config) *UI {
	if c.Getenv == nil {
		c.Getenv = func(string) string { return "" }
	}
	if c.ReadFile == nil {
		c.ReadFile = os.ReadFile
	}
	return &UI{config: c, stdout: newStream(c.Stdout, c), stderr: newStream(c.Stderr, c)}
}

// Out is where the answer goes.
func (u *UI) Out() *Stream { return u.stdout }

// Err is where all else goes: progress, hints, diagnostics, logs.
func (u *UI) Err() *Stream { return u.stderr }

// Quiet reports whether only the answer is wanted.
func (u *UI) Quiet() bool { return u.config.Quiet }

// Say writes a line for the person to stderr, unless they want quiet. The text
// is cleaned of control characters.
func (u *UI) Say(format string, args ...any) {
	if u.config.Quiet || u.config.JSON {
		return
	}
	fmt.Fprintln(u.stderr, CleanText(fmt.Sprintf(format, args...)))
}

// JSON writes one indented value to stdout.
func (u *UI) JSON(v any) error {
	e := json.NewEncoder(u.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// Diagnostics prints what is wrong and returns the exit code that goes with it.
func (u *UI) Diagnostics(err error) int {
	if err == nil {
		return diag.ExitDone
	}
	list := collect(err)
	u.print(list.Sorted())
	return list.Exit()
}

// Warn prints problems that stop nothing, unless quiet is wanted.
func (u *UI) Warn(list diag.List) {
	if !u.config.Quiet {
		u.print(list.Sorted())
	}
}
