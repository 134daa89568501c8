package cli

import (
	"fmt"
	"strings"

	"znkr.io/diff/textdiff"

	"dce/internal/render"
	"dce/internal/term"
)

// printDiff shows what the rules changed in the merged input.
func (a *app) printDiff(p *pod, r render.Result) error {
	before, err := render.YAML(render.WithoutSecrets(p.input))
	if err != nil {
		return err
	}
	after, err := r.YAML()
	if err != nil {
		return err
	}
	changes := textdiff.Unified(string(before), string(after))
	if changes == "" {
		return nil
	}
	out := a.ui().Out()
	fmt.Fprint(out, out.Paint(term.Bold, "--- merged input")+"\n"+out.Paint(term.Bold, "+++ rendered pod")+"\n")
	for line := range strings.Lines(changes) {
		fmt.Fprintln(out, paintDiff(out, strings.TrimRight(line, "\n")))
	}
	return nil
}

func paintDiff(out *term.Stream, line string) string {
	switch {
	case strings.HasPrefix(line, "@@"):
		return out.Paint(term.Cyan, line)
	case strings.HasPrefix(line, "+"):
		return out.Paint(term.Green, line)
	case strings.HasPrefix(line, "-"):
		return out.Paint(term.Red, line)
	default:
		return line
	}
}
