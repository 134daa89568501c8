package term

import (
	"bytes"
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"dce/internal/diag"
)

// lineLimit is how much of a source line is shown: minified files have lines of
// megabytes.
const lineLimit = 100

// snippet shows the line that a problem stands on, the one before it, and the
// place underlined, with a note behind the underline. It is empty where the
// file cannot be read or has no such line.
func (u *UI) snippet(p diag.Pos, note string) string {
	// A line without a column holds a secret (diag.Pos.Hidden); env files have no
	// others.
	if p.Line <= 0 || p.Column <= 0 || p.File == "" || p.File == "-" {
		return ""
	}
	data, err := u.config.ReadFile(p.File)
	if err != nil {
		return ""
	}
	lines := sourceLines(data, p.Line)
	if len(lines) == 0 {
		return ""
	}
	bar := u.stderr.pick("│", "|")
	margin := max(len(fmt.Sprint(p.Line))+1, 6)
	var b strings.Builder
	for i, line := range lines {
		number := p.Line - len(lines) + 1 + i
		b.WriteString(strings.TrimRight(fmt.Sprintf("%s %s %s",
			u.stderr.Paint(Faint, fmt.Sprintf("%*d", margin, number)), u.stderr.Paint(Faint, bar), cut(line, p.Column)), " ") + "\n")
	}
	before, under := underline(lines[len(lines)-1], p)
	mark := before + u.stderr.Paint(Red, under)
	b.WriteString(strings.TrimRight(fmt.Sprintf("%*s %s %s %s", margin, "", u.stderr.Paint(Faint, bar), mark, note), " ") + "\n")
	return b.String()
}

// sourceLines returns the line of that number and a non-empty one before it.
func sourceLines(data []byte, number int) []string {
	var previous []byte
	for i := 1; len(data) > 0; i++ {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		if i == number && len(bytes.TrimSpace(previous)) > 0 {
			return []string{string(previous), string(line)}
		}
		if i == number {
			return []string{string(line)}
		}
		previous, data = line, rest
	}
	return nil
}

// cut shows the part of a line around a column, with tabs as one blank, so that
// a column stays a column.
func cut(line string, column int) string {
	r := []rune(strings.TrimRight(line, "\r"))
	from := windowStart(column)
	if from >= len(r) {
		return ""
	}
	return Clean(string(r[from:min(from+lineLimit, len(r))]))
}

func windowStart(column int) int {
	if column < lineLimit-20 {
		return 0
	}
	return column - lineLimit/2
}

// underline gives the blanks before the place and the marks below it.
func underline(line string, p diag.Pos) (before, under string) {
	r := []rune(line)
	from := windowStart(p.Column)
	at := min(p.Column-1, len(r))
	end := min(at+min(max(p.Width, 1), lineLimit), max(len(r), at+1), from+lineLimit)
	before = strings.Repeat(" ", displayWidth(Clean(string(r[min(from, at):at]))))
	if at >= len(r) {
		return before, "^"
	}
	return before, strings.Repeat("^", max(displayWidth(Clean(string(r[at:min(end, len(r))]))), 1))
}

func displayWidth(s string) int { return lipgloss.Width(s) }
