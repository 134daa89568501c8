package term_test

import (
	"bytes"
	"testing"

	"go.uber.org/goleak"

	"dce/internal/term"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen is a UI that writes into buffers.
func screen(c term.Config) (ui *term.UI, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	c.Stdout, c.Stderr = stdout, stderr
	return term.New(c), stdout, stderr
}

// environment is a process environment.
func environment(vars map[string]string) func(string) string {
	return func(key string) string { return vars[key] }
}
