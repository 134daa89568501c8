package term

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Clean makes a text of unknown origin fit for one line of a terminal: control
// characters, which could move the cursor, set the title or rewrite what stands
// above, are shown as escapes; so are the characters that reverse the direction
// of text (CVE-2021-42574).
func Clean(s string) string {
	// A lone byte above 0x7f is a control character to an 8-bit terminal.
	s = strings.ToValidUTF8(s, "\uFFFD")
	if !strings.ContainsFunc(s, harmful) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r == '\n':
			b.WriteString(`\n`)
		case harmful(r) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case harmful(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// CleanText cleans each line and keeps the lines.
func CleanText(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = Clean(strings.TrimSuffix(l, "\r"))
	}
	return strings.Join(lines, "\n")
}

func harmful(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// cleanLog cleans a container's line but keeps its colours, which people want
// to see and which end at the line's end.
func cleanLog(s string) string {
	if !strings.ContainsRune(s, '\x1b') {
		return Clean(s)
	}
	var b strings.Builder
	rest := s
	sgr := colorSequence()
	for {
		at := sgr.FindStringIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(Clean(rest[:at[0]]))
		b.WriteString(rest[at[0]:at[1]])
		rest = rest[at[1]:]
	}
	b.WriteString(Clean(rest))
	b.WriteString("\x1b[0m")
	return b.String()
}

// colorSequence is "select graphic rendition" (ECMA-48, 8.3.117) and nothing else.
func colorSequence() *regexp.Regexp { return regexp.MustCompile("\x1b\\[[0-9;:]{0,32}m") }
