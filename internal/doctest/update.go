package doctest

import "strings"

// Replace puts another text into a block of a Markdown file. Blocks after it
// keep their text, not their line.
func Replace(markdown string, b Block, text string) string {
	all := strings.SplitAfter(markdown, "\n")
	first := b.Line - 1
	last := first + strings.Count(b.Text, "\n")
	return strings.Join(all[:first], "") + text + strings.Join(all[last:], "")
}

// Console is the text of a console block with these commands and outputs.
func Console(steps []Step) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteString("$ " + s.Command + "\n" + s.Want)
	}
	return b.String()
}
