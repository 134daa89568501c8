package term

import "strings"

// Wrap breaks prose at blanks so that no line is wider than width columns,
// where a single word allows it. Lines that are indented are left as they are:
// they are examples. Empty text stays empty.
func Wrap(text string, width int) string { return wrap(text, width) }

func wrap(text string, width int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, " ") {
			continue
		}
		lines[i] = wrapLine(line, width)
	}
	return strings.Join(lines, "\n")
}

func wrapLine(line string, width int) string {
	if displayWidth(line) <= width {
		return line
	}
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(line) {
		w := displayWidth(word)
		switch {
		case column == 0:
		case column+1+w > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += w
	}
	return b.String()
}

func indentAfterFirst(text, indent string) string {
	return strings.ReplaceAll(text, "\n", "\n"+indent)
}
