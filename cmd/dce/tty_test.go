//go:build !windows

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// onTerminal runs dce on a terminal of that width and returns what it shows.
func onTerminal(t *testing.T, dir string, columns uint16, env []string, args ...string) string {
	t.Helper()
	dce, err := exec.LookPath("dce") // the test's own binary, see TestMain
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, append([]string{dce}, args...)...)
	cmd.Dir = dir
	cmd.Env = append([]string{"TERM=xterm", "LANG=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GORACE=atexit_sleep_ms=0"}, env...)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: columns})
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	// Reading ends with EIO when the last writer is gone.
	shown, _ := io.ReadAll(terminal)
	_ = cmd.Wait()
	return strings.ReplaceAll(string(shown), "\r\n", "\n")
}

func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"compose.yaml": "services: {web: {image: 'web:1'}}\n",
		"dce.yaml":     "resource: {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestATerminalGetsColourAndWrapping(t *testing.T) {
	dir := project(t)
	shown := onTerminal(t, dir, 40, nil, "validate")
	if !strings.Contains(shown, "\x1b[31merror:\x1b[0m") || !strings.Contains(shown, "\x1b[31m^^^^^^^^\x1b[0m") {
		t.Errorf("no colour: %q", shown)
	}
	hint := shown[strings.Index(shown, "hint:"):]
	for line := range strings.Lines(hint) {
		if len(strings.TrimRight(line, "\n")) > 40+len("\x1b[36m\x1b[0m") {
			t.Errorf("not wrapped at 40 columns: %q", line)
		}
	}
}

func TestATerminalGetsNoColourWhereItIsRefused(t *testing.T) {
	dir := project(t)
	for name, env := range map[string][]string{
		"NO_COLOR":      {"NO_COLOR=1"},
		"CLICOLOR=0":    {"CLICOLOR=0"},
		"dumb terminal": {"TERM=dumb"},
		"DCE_COLOR":     {"DCE_COLOR=never"},
	} {
		t.Run(name, func(t *testing.T) {
			if shown := onTerminal(t, dir, 80, env, "validate"); strings.Contains(shown, "\x1b") {
				t.Errorf("escapes: %q", shown)
			}
		})
	}
}
