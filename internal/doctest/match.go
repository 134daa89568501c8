package doctest

import (
	"regexp"
	"strings"
)

// Match reports whether the output is what the documentation shows. A line
// "..." there stands for any lines, "…" within a line for any characters.
// Spaces at the end of a line do not count.
func Match(want, got string) bool {
	var pattern strings.Builder
	pattern.WriteString(`^`)
	for _, line := range lines(want) {
		if strings.TrimSpace(line) == "..." {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		parts := strings.Split(line, "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern.WriteString(strings.Join(parts, `.*?`) + `\n`)
	}
	pattern.WriteString(`$`)
	text := strings.Join(lines(got), "\n") + "\n"
	if text == "\n" {
		text = ""
	}
	return regexp.MustCompile(pattern.String()).MatchString(text)
}

func lines(text string) []string {
	text = strings.TrimRight(text, " \n")
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n")
	for i := range all {
		all[i] = strings.TrimRight(all[i], " ")
	}
	return all
}
