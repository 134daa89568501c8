// Package diag is what dce tells a person who can act: a problem with its code,
// the place it stands at, why it is one, and the exact next thing to do. Every
// package returns these; only the command line prints them. It never prints,
// never logs and imports nothing of dce.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code names a kind of problem, such as "DCE112". `dce explain CODE` tells
// what it means; the catalogue of this package holds every one.
type Code string

// Severity says whether a problem stops the work.
type Severity int

// The severities, gravest first.
const (
	Error Severity = iota
	Warning
	Note
)

// String returns the word a person reads: "error", "warning" or "note".
func (s Severity) String() string {
	switch s {
	case Warning:
		return "warning"
	case Note:
		return "note"
	default:
		return "error"
	}
}

// Pos is a place in an input file. Line and Column count from 1; zero means
// that only what stands before it is known. Width is the number of characters
// to underline from Column on, zero when unknown.
type Pos struct {
	File   string
	Line   int
	Column int
	Width  int
}

// IsZero reports whether nothing is known of the place.
func (p Pos) IsZero() bool { return p == Pos{} }

// String is file:line:column, as far as each is known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Hidden is the place as a whole line, which no output shows: a secret stands in
// it.
func (p Pos) Hidden() Pos { return Pos{File: p.File, Line: p.Line} }

// Related is a second place that a problem involves, with a word on how.
type Related struct {
	Pos  Pos
	Note string
}

// Diagnostic is one problem. Summary is what happened, lower case, without a
// full stop; Detail is why it is a problem; Hint is the next thing to do.
type Diagnostic struct {
	Code     Code
	Severity Severity
	Summary  string
	Detail   string
	Hint     string
	Pos      Pos
	Related  []Related
	// Subject is what of a pod's compose file the problem is about, as keys from
	// its top, where whoever found it has no place in a file: Located looks it up.
	Subject []string
	// Cause is the error underneath, shown with --debug only. May be nil.
	Cause error
}

// String is the problem on one line: position, severity, summary, code.
func (d Diagnostic) String() string {
	var b strings.Builder
	if !d.Pos.IsZero() {
		b.WriteString(d.Pos.String() + ": ")
	}
	fmt.Fprintf(&b, "%s: %s", d.Severity, d.Summary)
	if d.Code != "" {
		fmt.Fprintf(&b, " [%s]", d.Code)
	}
	return b.String()
}

// List is every problem found in one go.
type List []Diagnostic

// Count is the number of problems of that severity.
func (l List) Count(s Severity) int {
	n := 0
	for _, d := range l {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// HasErrors reports whether any problem stops the work.
func (l List) HasErrors() bool { return l.Count(Error) > 0 }

// Located returns the problems with the places of their subjects, as far as at
// knows one.
func (l List) Located(at func(path ...string) Pos) List {
	located := slices.Clone(l)
	for i, d := range located {
		if d.Pos.IsZero() && len(d.Subject) > 0 {
			located[i].Pos = at(d.Subject...)
		}
	}
	return located
}

// Sorted returns the problems by file, line, column, code and summary, without
// repeated ones. The order is total, so output is the same for the same input.
func (l List) Sorted() List {
	s := slices.Clone(l)
	slices.SortStableFunc(s, compare)
	return slices.CompactFunc(s, func(a, b Diagnostic) bool { return compare(a, b) == 0 && a.Severity == b.Severity })
}

func compare(a, b Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.Pos.File, b.Pos.File),
		cmp.Compare(a.Pos.Line, b.Pos.Line),
		cmp.Compare(a.Pos.Column, b.Pos.Column),
		cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Summary, b.Summary),
	)
}

// Err returns the list as an error when any problem stops the work, else nil.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	return &Problems{List: l.Sorted()}
}

// Problems is a list of diagnostics as an error. Packages return it so that a
// caller sees all problems at once.
type Problems struct {
	List List
}

// Error is every problem, one a line.
func (p *Problems) Error() string {
	lines := make([]string, len(p.List))
	for i, d := range p.List {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the causes, so that errors.Is sees through to them.
func (p *Problems) Unwrap() []error {
	var causes []error
	for _, d := range p.List {
		if d.Cause != nil {
			causes = append(causes, d.Cause)
		}
	}
	return causes
}

// Fail makes an error of one diagnostic.
func Fail(d Diagnostic) error { return &Problems{List: List{d}} }

// Of returns the diagnostics an error carries, and whether it carries any.
func Of(err error) (List, bool) {
	p, ok := errors.AsType[*Problems](err)
	if !ok {
		return nil, false
	}
	return p.List, true
}
