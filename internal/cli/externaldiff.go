package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"znkr.io/diff"
	"znkr.io/diff/textdiff"

	"dce/internal/diag"
	"dce/internal/term"
)

// externalDiffVariable names the program that shows differences in our stead.
const externalDiffVariable = "DCE_EXTERNAL_DIFF"

// printTexts shows a plan as the difference of two texts, with that many lines
// around each change.
func (a *app) printTexts(c *change, around int) {
	out := a.ui().Out()
	running, wanted := c.texts()
	changes := textdiff.Unified(running, wanted, diff.Context(around))
	if changes == "" {
		return
	}
	fmt.Fprint(out, out.Paint(term.Bold, "--- running")+"\n"+out.Paint(term.Bold, "+++ wanted")+"\n")
	for line := range strings.Lines(changes) {
		fmt.Fprintln(out, paintDiff(out, term.CleanText(strings.TrimRight(line, "\n"))))
	}
}

// externalDiff has a program show what runs and what is wanted, as kubectl does:
// its words, and the paths of both. Like diff, it may end with 1 where they differ.
func (a *app) externalDiff(ctx context.Context, c *change, command string) (err error) {
	dir, err := os.MkdirTemp("", "dce-diff-") // only its owner may look into it
	if err != nil {
		return fmt.Errorf("making a directory for the texts to compare: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	argv := strings.Fields(command)
	running, wanted := c.texts()
	for _, text := range []struct{ name, text string }{{"running", running}, {"wanted", wanted}} {
		path := filepath.Join(dir, text.name)
		if err := os.WriteFile(path, []byte(text.text), 0o600); err != nil {
			return fmt.Errorf("writing a text to compare: %w", err)
		}
		argv = append(argv, path)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = a.env.Dir, a.env.Stdin, a.env.Stdout, a.env.Stderr
	err = cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); err == nil || ok && ended.ExitCode() == 1 {
		return nil
	}
	return diag.Fail(diag.Diagnostic{
		Code: "DCE770", Summary: fmt.Sprintf("%s cannot show the difference: %v", argv[0], err), Cause: err,
		Hint: "correct " + externalDiffVariable + ", or unset it to see the plan of dce itself",
	})
}
