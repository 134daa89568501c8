package term

// Paint is a colour of the terminal's own palette, which its owner chose to be
// readable; true colour is not used.
type Paint string

// The paints and what they are for.
const (
	Red    Paint = "31" // errors, failures
	Green  Paint = "32" // done, added
	Yellow Paint = "33" // warnings
	Blue   Paint = "34" // places
	Cyan   Paint = "36" // hints
	Bold   Paint = "1"
	Faint  Paint = "2"
)

// servicePaints tell services apart; red and yellow are left to problems.
func servicePaints() []Paint {
	return []Paint{"36", "35", "32", "34", "96", "95", "92", "94"}
}

// Paint colours a text where this stream takes colour.
func (s *Stream) Paint(p Paint, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + string(p) + "m" + text + "\x1b[0m"
}
