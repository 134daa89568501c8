package scheduler

import (
	"errors"
	"fmt"
	"strings"
)

// Detail is what is wrong at one place of a definition; the path is as Marathon writes it: /healthChecks(0)/protocol.
type Detail struct {
	Path   string   `json:"path"`
	Errors []string `json:"errors"`
}

// InvalidError says what is wrong with a definition: in its JSON, or in what it asks for.
type InvalidError struct {
	JSON    bool
	Text    string // what the parser says of a text that is no JSON
	Details []Detail
}

func (e *InvalidError) Error() string {
	if e.JSON {
		return "Invalid JSON"
	}

	return "Object is not valid"
}

// LockedError says which deployments are in the way.
type LockedError struct{ Deployments []string }

func (e *LockedError) Error() string {
	return "App is locked by one or more deployments. Override with the option '?force=true'. " +
		"View details at '/v2/deployments/<DEPLOYMENT_ID>'."
}

// The kinds of refusal; each error that is one says in its text what Marathon would.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("conflict")
	ErrRefused  = errors.New("refused") // IllegalArgumentException: 422
)

// refusal is an error of one of the kinds above with a text of its own.
type refusal struct {
	kind error
	text string
}

func (r refusal) Error() string { return r.text }
func (r refusal) Unwrap() error { return r.kind }

// NotFound is an ErrNotFound with a text.
func NotFound(format string, args ...any) error {
	return refusal{ErrNotFound, fmt.Sprintf(format, args...)}
}

// Conflict is an ErrConflict with a text.
func Conflict(format string, args ...any) error {
	return refusal{ErrConflict, fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) error {
	return refusal{ErrRefused, fmt.Sprintf(format, args...)}
}

// UnknownApp is the error for an app that is not there.
func UnknownApp(id string) error { return NotFound("App '%s' does not exist", id) }

// UnknownGroup is the error for a group that is not there.
func UnknownGroup(id string) error { return NotFound("Group '%s' does not exist", id) }

// problems gathers details; several of one path become one.
type problems []Detail

func (p *problems) add(path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	for i := range *p {
		if (*p)[i].Path == path {
			(*p)[i].Errors = append((*p)[i].Errors, text)

			return
		}
	}
	*p = append(*p, Detail{Path: path, Errors: []string{text}})
}

func (p problems) err(json bool) error {
	if len(p) == 0 {
		return nil
	}

	return &InvalidError{JSON: json, Details: p}
}
