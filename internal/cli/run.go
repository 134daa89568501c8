package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"

	"dce/internal/diag"
)

func run(ctx context.Context, env Env) (code int) {
	a := &app{env: env, start: env.Dir}
	defer func() {
		if r := recover(); r != nil {
			code = a.defect(r, debug.Stack())
		}
	}()
	root := a.root() //nolint:contextcheck // commands get the context when they are executed
	root.SetArgs(arguments(env))
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if _, said := diag.Of(err); !said && unparsed(err) { // flags before the command's name: cobra hands these out as they are
		err = flagError(cmd, err)
	}
	return a.end(err)
}

// arguments never returns nil: cobra would then read the process's own. A
// binary that is called executor is one (Mesos starts what it fetched by its
// file name).
func arguments(env Env) []string {
	args := append([]string{}, env.Args...)
	name := strings.TrimSuffix(filepath.Base(env.Program), ".exe")
	if name == "executor" || name == "dce-executor" {
		return append([]string{"executor"}, args...)
	}
	return args
}

// end prints what went wrong and gives the exit code.
func (a *app) end(err error) int {
	var quiet exitError
	switch {
	case err == nil:
		return diag.ExitDone
	case errors.As(err, &quiet):
		return quiet.code
	case a.interrupted != 0:
		a.ui().Say("interrupted")
		return a.interrupted
	default:
		return a.ui().Diagnostics(err)
	}
}

// defect reports a panic: it is never the user's fault, so it says what a report
// needs.
func (a *app) defect(reason any, stack []byte) int {
	d := diag.Diagnostic{
		Code:    "DCE259",
		Summary: fmt.Sprintf("dce has a defect: %v", reason),
		Detail:  "This is not your doing. Nothing that was asked for can be relied on to have happened.",
		Hint:    "report it with the output of `dce version -o json` and of the same command with --debug",
	}
	if a.common.debug {
		d.Cause = fmt.Errorf("stack: %s", stack)
	}
	return a.ui().Diagnostics(diag.Fail(d))
}
