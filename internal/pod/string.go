package pod

import "fmt"

// The effects as text: a transcript of them is what tests compare and what
// the timeline of a pod shows.

func (Prepare) String() string { return "prepare" }

func (Start) String() string { return "start" }

func (Cancel) String() string { return "cancel" }

// String names the bound and the container to look at, where there are any.
func (s Stop) String() string {
	text := "stop"
	if s.By > 0 {
		text += fmt.Sprintf(" by %s", s.By)
	}
	if s.Evidence != "" {
		text += " with evidence of " + s.Evidence
	}
	return text
}

func (h Hasten) String() string { return fmt.Sprintf("hasten to %s", h.By) }

// String says whether anything is removed at all.
func (r Remove) String() string {
	if r.Keep {
		return "keep"
	}
	return "remove"
}

func (r Report) String() string { return "report " + string(r.State) }

func (s SetTimer) String() string { return fmt.Sprintf("set %s timer to %s", s.Timer, s.After) }

func (c ClearTimer) String() string { return fmt.Sprintf("clear %s timer", c.Timer) }

func (Exit) String() string { return "exit" }
