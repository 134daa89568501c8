package local

import (
	"errors"

	"dce/internal/diag"
)

// problem is a diagnostic between a monitor and whoever started it, and in a
// status file: the same without the error values.
type problem struct {
	Code     diag.Code      `json:"code"`
	Severity diag.Severity  `json:"severity"`
	Summary  string         `json:"summary"`
	Detail   string         `json:"detail,omitempty"`
	Hint     string         `json:"hint,omitempty"`
	Pos      diag.Pos       `json:"pos,omitzero"`
	Related  []diag.Related `json:"related,omitempty"`
	Subject  []string       `json:"subject,omitempty"`
	Cause    string         `json:"cause,omitempty"`
}

// problemsOf are the diagnostics that an error carries; one without any is
// itself a problem.
func problemsOf(err error) []problem {
	if err == nil {
		return nil
	}
	list, ok := diag.Of(err)
	if !ok {
		return []problem{{Summary: err.Error()}}
	}
	return problemsIn(list)
}

func problemsIn(list diag.List) []problem {
	all := make([]problem, len(list))
	for i, d := range list {
		all[i] = problem{d.Code, d.Severity, d.Summary, d.Detail, d.Hint, d.Pos, d.Related, d.Subject, ""}
		if d.Cause != nil {
			all[i].Cause = d.Cause.Error()
		}
	}
	return all
}

// diagnostics is the way back.
func diagnostics(all []problem) diag.List {
	var list diag.List
	for _, p := range all {
		d := diag.Diagnostic{
			Code: p.Code, Severity: p.Severity, Summary: p.Summary, Detail: p.Detail,
			Hint: p.Hint, Pos: p.Pos, Related: p.Related, Subject: p.Subject,
		}
		if p.Cause != "" {
			d.Cause = errors.New(p.Cause)
		}
		list = append(list, d)
	}
	return list
}
