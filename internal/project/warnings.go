package project

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

var (
	unsetVariable = regexp.MustCompile(`^The "(.*)" variable is not set`)
	quotedBoolean = regexp.MustCompile(`^"(.*)" for boolean is not supported`)
)

// warn turns compose-go's warnings into diagnostics with their places.
func (s *session) warn(messages []string) {
	seen := map[string]bool{}
	for _, m := range messages {
		switch v := unsetVariable.FindStringSubmatch(m); {
		case seen[m] || strings.Contains(m, "`version` is obsolete"):
			// The latter is said once in the life of a process: obsoleteVersions says it always.
		case v != nil:
			s.add(diag.List{s.unset(v[1])})
		default:
			s.add(diag.List{s.said(m)})
		}
		seen[m] = true
	}
	s.obsoleteVersions()
}

// said is a warning in compose-go's own words, at the value that it quotes.
func (s *session) said(message string) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE125", Severity: diag.Warning, Summary: message, Pos: s.mentioned(message),
		Hint: "it is accepted now; change it before it is not",
	}
	if v := quotedBoolean.FindStringSubmatch(message); v != nil {
		d.Pos = s.scalar(func(text string) bool { return text == v[1] })
	}
	return d
}

// scalar is the place of the first value with a text that a test accepts.
func (s *session) scalar(accept func(string) bool) diag.Pos {
	for _, src := range s.all() {
		for _, doc := range src.docs {
			if n := find(doc, func(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && accept(n.Value) }); n != nil {
				return src.at(n)
			}
		}
	}
	return diag.Pos{}
}

func (s *session) unset(name string) diag.Diagnostic {
	d := unset(name)
	d.Pos = s.scalar(mentionOf(name).MatchString)
	return d
}

func unset(name string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE106", Severity: diag.Warning, Summary: fmt.Sprintf("the variable %s is not set, so it counts as empty", name),
		Hint: fmt.Sprintf("set it, or write ${%s:-default}, or ${%s:?} where it must be set", name, name),
	}
}

// mentionOf finds a variable in a text.
func mentionOf(name string) *regexp.Regexp {
	return regexp.MustCompile(`\$\{?` + regexp.QuoteMeta(name) + `\b`)
}

// find is the first node below, aliases not followed, that a test accepts.
func find(n *yaml.Node, accept func(*yaml.Node) bool) *yaml.Node {
	if accept(n) {
		return n
	}
	for _, sub := range n.Content {
		if found := find(sub, accept); found != nil {
			return found
		}
	}
	return nil
}

func (s *session) obsoleteVersions() {
	for _, src := range s.sources {
		for _, doc := range src.docs {
			if p := entry(root(doc), "version"); p.value != nil {
				s.add(diag.List{{
					Code: "DCE156", Severity: diag.Note, Summary: "`version` has no meaning any more", Pos: src.at(p.key),
					Hint: "remove it",
				}})
			}
		}
	}
}
