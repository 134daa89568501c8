package term

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"dce/internal/diag"
)

// collect finds every diagnostic that an error carries, also behind
// errors.Join. An error without any becomes a diagnostic without a code.
func collect(err error) diag.List {
	if p, ok := err.(*diag.Problems); ok { //nolint:errorlint // the walk below looks at each link by itself
		return p.List
	}
	var list diag.List
	switch e := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			list = append(list, collect(inner)...)
		}
	default:
		if inner := errors.Unwrap(err); inner != nil {
			if _, ok := diag.Of(inner); ok {
				return collect(inner)
			}
		}
		list = diag.List{plain(err)}
	}
	if _, ok := diag.Of(err); !ok {
		return diag.List{plain(err)}
	}
	return list
}

// plain makes a diagnostic of an error that nobody has written one for.
func plain(err error) diag.Diagnostic {
	summary, detail, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return diag.Diagnostic{Summary: summary, Detail: detail, Cause: errors.Unwrap(err)}
}

func (u *UI) print(list diag.List) {
	for _, d := range list {
		switch {
		case u.config.JSON:
			u.printJSON(d)
		default:
			fmt.Fprint(u.stderr, u.text(d))
		}
		u.annotate(d)
	}
	if len(list) > 1 && !u.config.JSON {
		fmt.Fprintln(u.stderr, tally(list))
	}
}

// text is one problem as a person reads it; the shape is that of cli.md.
func (u *UI) text(d diag.Diagnostic) string {
	var b strings.Builder
	b.WriteString(u.headline(d) + "\n")
	b.WriteString(u.place(d))
	for line := range strings.Lines(wrap(CleanText(d.Detail), u.stderr.TextWidth()-3)) {
		b.WriteString("   " + strings.TrimRight(line, "\n") + "\n")
	}
	if u.config.Debug {
		b.WriteString(causes(d.Cause, 1))
	}
	if d.Hint != "" {
		hint := indentAfterFirst(wrap(CleanText(d.Hint), u.stderr.TextWidth()-6), "      ")
		b.WriteString(u.stderr.Paint(Cyan, "hint:") + " " + hint + "\n")
	}
	return b.String()
}

func (u *UI) headline(d diag.Diagnostic) string {
	word := d.Severity.String() + ":"
	summary := CleanText(d.Summary)
	line := u.stderr.Paint(severityPaint(d.Severity), word) + " " + u.stderr.Paint(Bold, summary)
	if d.Code == "" {
		return line
	}
	code := "[" + string(d.Code) + "]"
	gap := u.stderr.TextWidth() - displayWidth(word) - 1 - displayWidth(summary) - len(code)
	return line + strings.Repeat(" ", max(gap, 1)) + u.stderr.Paint(Faint, code)
}

// place is the position, the lines it stands on, and the other places involved.
func (u *UI) place(d diag.Diagnostic) string {
	var b strings.Builder
	related := make([]string, 0, len(d.Related))
	for _, r := range d.Related {
		related = append(related, u.related(r))
	}
	if !d.Pos.IsZero() {
		b.WriteString("   " + u.stderr.Paint(Blue, u.position(d.Pos)) + "\n")
		if s := u.snippet(d.Pos, strings.Join(related[:min(1, len(related))], "")); s != "" {
			b.WriteString(s)
			related = related[min(1, len(related)):]
		}
	}
	for _, r := range related {
		b.WriteString("   " + r + "\n")
	}
	return b.String()
}

func (u *UI) related(r diag.Related) string {
	switch {
	case r.Pos.IsZero():
		return Clean(r.Note)
	case r.Note == "":
		return "see also " + u.position(r.Pos)
	default:
		return Clean(r.Note) + " at " + u.position(r.Pos)
	}
}

// position is where a problem stands, as short as it can be clicked on.
func (u *UI) position(p diag.Pos) string {
	p.File = u.relative(p.File)
	return Clean(p.String())
}

func (u *UI) relative(name string) string {
	if u.config.Dir == "" || !filepath.IsAbs(name) {
		return name
	}
	rel, err := filepath.Rel(u.config.Dir, name)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)+"..") {
		return name
	}
	return rel
}

func severityPaint(s diag.Severity) Paint {
	switch s {
	case diag.Warning:
		return Yellow
	case diag.Note:
		return Cyan
	default:
		return Red
	}
}

// causes is the chain of wrapped errors below a problem, one a line.
func causes(err error, depth int) string {
	if err == nil {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "   %scaused by: %s (%T)\n", strings.Repeat("  ", depth-1), Clean(err.Error()), err)
	switch e := err.(type) { //nolint:errorlint // each link of the chain is shown by itself
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			out.WriteString(causes(inner, depth+1))
		}
	case interface{ Unwrap() error }:
		out.WriteString(causes(e.Unwrap(), depth+1))
	}
	return out.String()
}

func tally(list diag.List) string {
	parts := make([]string, 0, 3)
	for _, s := range []diag.Severity{diag.Error, diag.Warning, diag.Note} {
		switch n := list.Count(s); n {
		case 0:
		case 1:
			parts = append(parts, "1 "+s.String())
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

func (u *UI) printJSON(d diag.Diagnostic) {
	line, err := json.Marshal(NewProblem(d))
	if err == nil {
		fmt.Fprintf(u.stderr, "%s\n", line)
	}
}

// annotate tells GitHub Actions of a problem, which then shows it beside the
// line in the review. Format: GitHub's "workflow commands".
func (u *UI) annotate(d diag.Diagnostic) {
	if u.config.Getenv("GITHUB_ACTIONS") != "true" {
		return
	}
	kind := map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Note: "notice"}[d.Severity]
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	var where []string
	if d.Pos.File != "" {
		where = append(where, "file="+property.Replace(Clean(u.relative(d.Pos.File))))
	}
	if d.Pos.Line > 0 {
		where = append(where, fmt.Sprintf("line=%d", d.Pos.Line))
	}
	if d.Pos.Column > 0 {
		where = append(where, fmt.Sprintf("col=%d", d.Pos.Column))
	}
	if d.Code != "" {
		where = append(where, "title="+property.Replace(string(d.Code)))
	}
	fmt.Fprintf(u.stderr, "::%s %s::%s\n", kind, strings.Join(where, ","), message.Replace(CleanText(d.Summary)))
}
