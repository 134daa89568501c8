package marathon

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// Error is a Marathon that answered and did not do what was asked.
type Error struct {
	Method, Path string
	// From is the master that answered.
	From    string
	Status  int
	Message string
	Details []Detail
	// Deployments are the ids of those that lock the app (409).
	Deployments []string
}

// Detail is one thing that is wrong with what was sent.
type Detail struct {
	// Path is where, as Marathon writes it: "/portDefinitions(0)/name", "/" for
	// the whole.
	Path   string
	Errors []string
}

// Error is all that Marathon said, on one line.
func (e *Error) Error() string {
	words := []string{fmt.Sprintf("marathon answered %d to %s %s", e.Status, e.Method, e.Path)}
	if e.Message != "" {
		words[0] += ": " + e.Message
	}
	return strings.Join(append(words, e.details()...), "; ")
}

// details are what is wrong, one by one.
func (e *Error) details() []string {
	words := make([]string, len(e.Details))
	for i, d := range e.Details {
		words[i] = d.Path + " " + strings.Join(d.Errors, ", ")
	}
	return words
}

// StrangeError is an answer that no Marathon gives.
type StrangeError struct {
	URL    string
	Status int
	Body   []byte
	Cause  error
}

// Error shows how the answer begins.
func (e *StrangeError) Error() string {
	return fmt.Sprintf("%s does not answer as a marathon does (%d): %s", e.URL, e.Status, beginning(e.Body))
}

// Unwrap is what reading it came to.
func (e *StrangeError) Unwrap() error { return e.Cause }

// IsStatus says that Marathon answered with this status.
func IsStatus(err error, status int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == status
}

// Missing says that what was asked for is not there. A route that Marathon does
// not know is answered 500, so 404 is the app's, version's or deployment's.
func Missing(err error) bool { return IsStatus(err, http.StatusNotFound) }

// failure is the error of an answer, nil for one of success.
func (a answer) failure(k call) error {
	if a.status >= 200 && a.status < 300 {
		return nil
	}
	if a.status >= 300 && a.status < 400 {
		return &StrangeError{URL: a.from.Redacted(), Status: a.status, Body: a.body, Cause: errors.New("a redirect to nowhere")}
	}
	if a.status == http.StatusNotFound && !json.Valid(a.body) {
		// Marathon says in JSON what is missing, and answers 500 to a route that it
		// does not know.
		return &StrangeError{URL: a.from.Redacted(), Status: a.status, Body: a.body, Cause: errors.New("not found")}
	}
	e := &Error{Method: k.method, Path: k.path, From: a.from.Redacted(), Status: a.status}
	e.read(a.body)
	return e
}

// read takes what the body tells. Marathon's own errors are JSON whose details
// are absent, a text, or a list; Jetty's and proxies' are HTML; some are empty
// (reference: MarathonExceptionMapper.scala).
func (e *Error) read(body []byte) {
	var said struct {
		Message     string          `json:"message"`
		Details     json.RawMessage `json:"details"`
		Deployments []struct {
			ID string `json:"id"`
		} `json:"deployments"`
	}
	if json.Unmarshal(body, &said) != nil {
		e.Message = beginning(body)
		return
	}
	e.Message, e.Details = said.Message, readDetails(said.Details)
	for _, d := range said.Deployments {
		e.Deployments = append(e.Deployments, d.ID)
	}
}

func readDetails(raw json.RawMessage) []Detail {
	var text string
	if json.Unmarshal(raw, &text) == nil && text != "" {
		return []Detail{{Path: "/", Errors: []string{text}}}
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil
	}
	var details []Detail
	for _, item := range items {
		details = append(details, readDetail(item))
	}
	return details
}

func readDetail(item json.RawMessage) Detail {
	var d struct {
		Path   string          `json:"path"`
		Errors json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(item, &d) != nil {
		return Detail{Path: "/", Errors: []string{strings.Trim(string(item), `"`)}}
	}
	detail := Detail{Path: d.Path}
	var one string
	switch {
	case json.Unmarshal(d.Errors, &detail.Errors) == nil:
	case json.Unmarshal(d.Errors, &one) == nil:
		detail.Errors = []string{one}
	default:
		detail.Errors = []string{string(d.Errors)}
	}
	return detail
}

// beginning is the first words of a text or of what an HTML page shows.
func beginning(body []byte) string {
	text := string(body)
	if strings.HasPrefix(strings.TrimSpace(text), "<") {
		text = regexp.MustCompile(`(?s)<(script|style|head)\b.*?</(script|style|head)>|<[^>]*>`).ReplaceAllString(text, " ")
	}
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return text
}
