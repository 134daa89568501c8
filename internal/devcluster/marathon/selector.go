package marathon

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// selector is a label selector: what all of its parts ask for (api/v2/LabelSelectorParsers.scala).
type selector []requirement

type requirement struct {
	key    string
	wants  string // "exists", "in" or "notin"
	values []string
}

// parseSelector reads a selector: `foo`, `foo==bar`, `foo!=bar`, `foo in (a, b)`, `foo notin (a, b)`, joined by commas.
func parseSelector(text string) (selector, error) {
	var s selector
	if strings.TrimSpace(text) == "" {
		return s, nil
	}
	part := regexp.MustCompile(`^\s*([^\s!=,()]+)\s*(?:(==|!=)\s*([^\s!=,()]+)|(in|notin)\s*\(([^()]*)\))?\s*(?:,|$)`)
	for rest := text; strings.TrimSpace(rest) != ""; {
		m := part.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("Can not parse label selector %s. Reason: unexpected text at %q", text, rest) //nolint:staticcheck // Marathon's words
		}
		rest = rest[len(m[0]):]
		r := requirement{key: m[1], wants: "exists"}
		switch {
		case m[2] != "":
			r.wants, r.values = map[string]string{"==": "in", "!=": "notin"}[m[2]], []string{m[3]}
		case m[4] != "":
			r.wants = m[4]
			for v := range strings.SplitSeq(m[5], ",") {
				r.values = append(r.values, strings.TrimSpace(v))
			}
		}
		s = append(s, r)
	}

	return s, nil
}

func (s selector) match(labels map[string]string) bool {
	for _, r := range s {
		value, ok := labels[r.key]
		if !ok || r.wants != "exists" && slices.Contains(r.values, value) != (r.wants == "in") {
			return false
		}
	}

	return true
}
