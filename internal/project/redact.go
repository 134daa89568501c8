package project

import (
	"slices"
	"strings"
)

// RedactEnv leaves of an env file's secret keys the names only, so that the
// environment of whoever reads it gives the values. It returns these beside, but
// for those that are made of variables, which hold no secret themselves.
func RedactEnv(text string, secret []string) (redacted string, values map[string]string) {
	var b strings.Builder
	values = map[string]string{}
	at := 0
	for _, st := range envStatements(text) {
		if !slices.Contains(secret, st.key) {
			continue
		}
		if value := strings.TrimSpace(st.value); strings.HasPrefix(value, "'") || !strings.Contains(value, "${") {
			values[st.key] = strings.Trim(value, `"'`)
		}
		b.WriteString(text[at:st.begin] + st.key + "\n")
		at = st.end
		if !strings.HasSuffix(text[:at], "\n") { // behind a quoted value: the rest of its line
			_, rest, _ := strings.Cut(text[at:], "\n")
			at = len(text) - len(rest)
		}
	}
	b.WriteString(text[at:])
	return b.String(), values
}
