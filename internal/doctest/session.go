package doctest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Session is a reader at a terminal, who types one command after the other.
type Session struct {
	// Dir is where the reader stands; cd changes it.
	Dir string
	// Environ is the whole environment of every command.
	Environ []string
	// Machine is the reader's own, nil for this one.
	Machine *Machine
}

// Run has sh run a command and returns what a terminal would have shown, with
// the exit code.
func (s *Session) Run(ctx context.Context, command string) (output string, exit int, err error) {
	if dir, ok := strings.CutPrefix(command, "cd "); ok {
		s.Dir = filepath.Join(s.Dir, dir)
		return "", 0, nil
	}
	argv := []string{"sh", "-c", command}
	if s.Machine != nil {
		argv = s.Machine.argv(command)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // what the documentation says
	cmd.Dir, cmd.Env = s.Dir, s.Environ
	out, err := cmd.CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), failed.ExitCode(), nil
	}
	if err != nil {
		return string(out), 0, fmt.Errorf("running %q: %w", command, err)
	}
	return string(out), 0, nil
}
