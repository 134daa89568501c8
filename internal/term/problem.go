package term

import "dce/internal/diag"

// Problem is a diagnostic as JSON output shows it; `dce schema diagnostics`
// describes it.
type Problem struct {
	Code     string     `json:"code,omitempty" jsonschema:"what kind of problem it is; dce explain CODE tells more"`
	Severity string     `json:"severity" jsonschema:"error, warning or note"`
	Summary  string     `json:"summary" jsonschema:"what happened, on one line"`
	Detail   string     `json:"detail,omitempty" jsonschema:"why it is a problem"`
	Hint     string     `json:"hint,omitempty" jsonschema:"the next thing to do"`
	Pos      *Place     `json:"pos,omitempty" jsonschema:"where it stands, if it stands in a file"`
	Related  []Involved `json:"related,omitempty" jsonschema:"other places that are involved"`
}

// Place is a position in a file; lines and columns count from 1.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// Involved is a second place and how it is involved.
type Involved struct {
	Pos  *Place `json:"pos,omitempty"`
	Note string `json:"note,omitempty"`
}

// NewProblem is the JSON form of a diagnostic.
func NewProblem(d diag.Diagnostic) Problem {
	p := Problem{
		Code: string(d.Code), Severity: d.Severity.String(), Summary: d.Summary,
		Detail: d.Detail, Hint: d.Hint, Pos: newPlace(d.Pos),
	}
	for _, r := range d.Related {
		p.Related = append(p.Related, Involved{Pos: newPlace(r.Pos), Note: r.Note})
	}
	return p
}

func newPlace(p diag.Pos) *Place {
	if p.IsZero() {
		return nil
	}
	return &Place{File: p.File, Line: p.Line, Column: p.Column}
}
