package project

import (
	"slices"
	"strings"
)

// RedactEnv leaves of an env file's secret keys the names only, so that the
// environment of whoever reads it gives the values. It returns these beside, but
// for those that are made of variables, which hold no secret themselves. The format is
// that of the file (EnvFile).
func RedactEnv(text, format string, secret []string) (redacted string, values map[string]string) {
	var b strings.Builder
	values = map[string]string{}
	at := 0
	for _, st := range statementsOf(text, format) {
		if !slices.Contains(secret, st.key) || st.alone {
			continue
		}
		if value, own := ownValue(st, format); own {
			values[st.key] = value
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

func statementsOf(text, format string) []envStatement {
	if format == rawFormat {
		return rawStatements(text)
	}
	return envStatements(text)
}

// ownValue is the value of a statement, unless it is made of variables.
func ownValue(st envStatement, format string) (string, bool) {
	if format == rawFormat {
		return st.value, true
	}
	value := strings.TrimSpace(st.value)
	return strings.Trim(value, `"'`), strings.HasPrefix(value, "'") || !strings.Contains(value, "${")
}
