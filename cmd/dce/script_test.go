package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dce/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dce": program, "executor": program, "dce-executor": program})
}

// operatorsFile names the file that stands in for /etc/dce/dce.yaml. Only this
// test's own binary knows the variable.
const operatorsFile = "TEST_OPERATORS_FILE"

// clockOff is by how much the clock is off, a Go duration, for the same binary.
const clockOff = "TEST_CLOCK_OFF"

// program is main, but for the operator's file and the clock.
func program() {
	env := environment()
	env.SystemConfig = os.Getenv(operatorsFile)
	if off, err := time.ParseDuration(os.Getenv(clockOff)); err == nil {
		env.Now = func() time.Time { return time.Now().Add(off) }
	}
	os.Exit(cli.Main(context.Background(), env))
}

// command is a program that has some minutes. One that hangs then says where, and
// a child of it that holds its output open is not waited for.
func command(t *testing.T, argv ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// patience is how long a command may take, far more than any does.
const patience = 3 * time.Minute

func update() *bool {
	if f := flag.Lookup("update"); f != nil {
		on := f.Value.String() == "true"
		return &on
	}
	return flag.Bool("update", false, "rewrite the expected output in the scripts")
}

// updating is registered before the flags are parsed.
var updating = update()

// Every command, flag, exit code and output is a script: the real program,
// run with a clean environment in a directory of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, params("../../testdata/script"))
}

func params(dir string) testscript.Params {
	return testscript.Params{
		Dir:           dir,
		UpdateScripts: *updating,
		Setup:         setup,
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	}
}

// setup gives a script a home of its own and the shop to look at.
func setup(e *testscript.Env) error {
	e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
	e.Setenv("LANG", "C.UTF-8")
	e.Setenv("GORACE", "atexit_sleep_ms=0") // a race build would wait a second at the end of each command
	shop, err := filepath.Abs("../../examples/shop")
	if err != nil {
		return err
	}
	e.Setenv("SHOP", shop)
	e.Setenv("TASKS", filepath.Join(shop, "../../internal/task/testdata"))
	return nil
}

// exits runs a command and checks its exit code: exits 2 dce --bogus.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("running %v: %v", args[1:], err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("%v exits with %d, want %d\n%s", args[1:], code, want, ts.ReadFile("stderr"))
	}
}
