package term

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Table is rows below a header; every row has as many cells as the header. The
// first cell names the row.
type Table struct {
	Header []string
	Rows   [][]string
}

// Table writes a table to stdout: on a terminal fitted to its width, with a
// bold header; elsewhere in aligned columns of plain text, never cut.
func (u *UI) Table(t Table) { fmt.Fprint(u.stdout, u.stdout.table(t)) }

func (s *Stream) table(t Table) string {
	rows := make([][]string, len(t.Rows))
	for i, cells := range t.Rows {
		rows[i] = make([]string, len(cells))
		for j, c := range cells {
			rows[i][j] = Clean(c)
		}
	}
	t.Rows = rows
	if !s.TTY {
		return aligned(t)
	}
	return s.fitted(t)
}

func aligned(t Table) string {
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for _, cells := range append([][]string{t.Header}, t.Rows...) {
		fmt.Fprintln(out, strings.Join(cells, "\t"))
	}
	_ = out.Flush() // nothing can go wrong in memory
	return b.String()
}

// fitted is the table within the width of the stream. Where it is too narrow,
// cells go on in the next line; a word is cut only where that does not help
// either, and a name of a row never: it is what the next command is given.
func (s *Stream) fitted(t Table) string {
	gap := 3
	columns := measured(t)
	if sum(columns)+gap*(len(columns)-1) > s.Width() {
		gap = 2
		shrink(columns, s.Width()-gap*(len(columns)-1))
	}
	var b strings.Builder
	for _, line := range folded(t.Header, columns, gap) {
		b.WriteString(s.Paint(Bold, line) + "\n")
	}
	for _, row := range t.Rows {
		for _, line := range folded(row, columns, gap) {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// column is the width of a column, and what it may become.
type column struct {
	width int
	// word is the width of the longest word, least the one that stays readable.
	word, least int
}

func measured(t Table) []column {
	columns := make([]column, len(t.Header))
	for i, h := range t.Header {
		c := &columns[i]
		c.least = displayWidth(h)
		c.width, c.word = c.least, c.least
		for _, row := range t.Rows {
			c.width = max(c.width, displayWidth(row[i]))
			for word := range strings.FieldsSeq(row[i]) {
				c.word = max(c.word, displayWidth(word))
			}
		}
	}
	if len(columns) > 0 {
		columns[0].word, columns[0].least = columns[0].width, columns[0].width
	}
	return columns
}

func sum(columns []column) int {
	total := 0
	for _, c := range columns {
		total += c.width
	}
	return total
}

// shrink takes from the widest columns, first down to their longest words, then
// through these.
func shrink(columns []column, room int) {
	for _, floor := range []func(column) int{
		func(c column) int { return c.word },
		func(c column) int { return c.least },
	} {
		for sum(columns) > room {
			widest := -1
			for i, c := range columns {
				if c.width > floor(c) && (widest < 0 || c.width > columns[widest].width) {
					widest = i
				}
			}
			if widest < 0 {
				break
			}
			columns[widest].width--
		}
	}
}

// folded are the lines of one row.
func folded(cells []string, columns []column, gap int) []string {
	height := 0
	parts := make([][]string, len(cells))
	for i, cell := range cells {
		parts[i] = strings.Split(wrapLine(cell, columns[i].width), "\n")
		height = max(height, len(parts[i]))
	}
	lines := make([]string, height)
	for n := range lines {
		var b strings.Builder
		for i, p := range parts {
			part := ""
			if n < len(p) {
				part = p[n]
			}
			b.WriteString(pad(part, columns[i].width) + strings.Repeat(" ", gap))
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return lines
}
