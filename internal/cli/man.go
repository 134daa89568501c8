package cli

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// manPages are man pages in man(7): one per command. They carry no date, so
// that the same source gives the same bytes.
func manPages(root *cobra.Command) []file {
	var files []file
	published(root, func(c *cobra.Command) {
		p := newPage(c)
		files = append(files, file{strings.ReplaceAll(p.Path, " ", "-") + ".1", manPage(p)})
	})
	return files
}

func manPage(p page) []byte {
	var b bytes.Buffer
	name := strings.ReplaceAll(p.Path, " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" dce \"dce manual\"\n", roff(strings.ToUpper(name)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(lowerFirst(p.Short)))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(p.Usage))
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", roffText(p.Long))
	if p.Examples != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roffText(p.Examples))
	}
	for _, s := range append(p.Commands, p.Flags...) {
		manSection(&b, s.Title, s.Rows)
	}
	manSection(&b, "Exit codes", p.Exits)
	if p.See != "" {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", roffText(strings.ReplaceAll(p.See, "`", "")))
	}
	return b.Bytes()
}

func manSection(b *bytes.Buffer, title string, rows []row) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", roff(strings.ToUpper(title)))
	for _, r := range rows {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(r.Term)), roffText(r.Text))
	}
}

// roff escapes what roff would take for its own.
func roff(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
}

// roffText escapes lines of text: one that begins with a dot or an apostrophe
// would be a request. Empty lines part paragraphs.
func roffText(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		l = roff(l)
		switch {
		case l == "":
			l = ".sp"
		case l[0] == '.' || l[0] == '\'':
			l = `\&` + l
		}
		lines[i] = l
	}
	return strings.Join(lines, "\n")
}
