package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dce/internal/term"
)

// help prints a command's page: to stdout, since it was asked for.
func (a *app) help(cmd *cobra.Command, _ []string) {
	fmt.Fprint(a.ui().Out(), a.helpText(newPage(cmd)))
}

const helpWidth = 80

// helpText is a page as `--help` shows it, wrapped at 80 columns.
func (a *app) helpText(p page) string {
	out := a.ui().Out()
	title := func(s string) string { return "\n" + out.Paint(term.Bold, s) + "\n" }
	var b strings.Builder
	b.WriteString(p.Short + "\n" + title("Usage") + "  " + p.Usage + "\n")
	if p.Long != "" {
		b.WriteString("\n" + term.Wrap(p.Long, helpWidth) + "\n")
	}
	if p.Examples != "" {
		b.WriteString(title("Examples") + indent(p.Examples, "  ") + "\n")
	}
	for _, g := range p.Commands {
		b.WriteString(title(g.Title) + definitions(g.Rows))
	}
	for _, g := range p.Flags {
		b.WriteString(title(g.Title) + definitions(g.Rows))
	}
	if len(p.Exits) > 0 {
		b.WriteString(title("Exit codes") + definitions(p.Exits))
	}
	if p.See != "" {
		b.WriteString(title("See also") + "  " + term.Wrap(p.See, helpWidth-2) + "\n")
	}
	return b.String()
}

// definitions are rows of a term and what it means, in two columns.
func definitions(rows []row) string {
	widest := 0
	for _, r := range rows {
		widest = max(widest, len(r.Term))
	}
	column := min(widest, 26) + 4
	var b strings.Builder
	for _, r := range rows {
		head := "  " + r.Term
		if len(head) > column-2 {
			head += "\n" + strings.Repeat(" ", column)
		} else {
			head += strings.Repeat(" ", column-len(head))
		}
		text := strings.ReplaceAll(term.Wrap(r.Text, helpWidth-column), "\n", "\n"+strings.Repeat(" ", column))
		b.WriteString(head + text + "\n")
	}
	return b.String()
}

func indent(text, by string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = by + l
		}
	}
	return strings.Join(lines, "\n")
}
