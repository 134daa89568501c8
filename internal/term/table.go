package term

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
)

// Table is rows below a header; every row has as many cells as the header.
type Table struct {
	Header []string
	Rows   [][]string
}

// Table writes a table to stdout: on a terminal fitted to its width, with a
// bold header; elsewhere in aligned columns of plain text, never cut.
func (u *UI) Table(t Table) {
	rows := make([][]string, len(t.Rows))
	for i, cells := range t.Rows {
		rows[i] = make([]string, len(cells))
		for j, c := range cells {
			rows[i][j] = Clean(c)
		}
	}
	t.Rows = rows
	if !u.stdout.TTY {
		plainTable(u.stdout, t)
		return
	}
	fmt.Fprintln(u.stdout, u.fittedTable(t))
}

func plainTable(w *Stream, t Table) {
	out := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, cells := range append([][]string{t.Header}, t.Rows...) {
		fmt.Fprintln(out, strings.Join(cells, "\t"))
	}
	// An error here is one of the stream, which the next write of the command
	// meets too.
	_ = out.Flush()
}

func (u *UI) fittedTable(t Table) string {
	header := lipgloss.NewStyle().PaddingRight(3)
	if u.stdout.Color {
		header = header.Bold(true)
	}
	cell := lipgloss.NewStyle().PaddingRight(3)
	tbl := table.New().Border(lipgloss.HiddenBorder()).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).
		BorderColumn(false).BorderRow(false).BorderHeader(false).
		Headers(t.Header...).Rows(t.Rows...).Wrap(false).
		StyleFunc(func(row, _ int) lipgloss.Style {
			if row == table.HeaderRow {
				return header
			}
			return cell
		})
	if widest(t) > u.stdout.Width() {
		tbl = tbl.Width(u.stdout.Width())
	}
	lines := strings.Split(tbl.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// widest is the width of the table when nothing of it is cut.
func widest(t Table) int {
	total := 0
	for i, h := range t.Header {
		column := displayWidth(h)
		for _, r := range t.Rows {
			column = max(column, displayWidth(r[i]))
		}
		total += column + 3
	}
	return total
}
