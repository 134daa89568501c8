package term

import (
	"fmt"
	"strings"
)

// Live is a table on stdout that changes: on a terminal it is drawn over itself,
// elsewhere each new one stands below the one before, after an empty line.
type Live struct {
	ui      *UI
	w       *Stream
	redraws bool
	drawn   int // lines on the terminal now
	begun   bool
}

// Live begins one.
func (u *UI) Live() *Live {
	return &Live{ui: u, w: u.stdout, redraws: u.stdout.TTY && u.config.Getenv("TERM") != "dumb"}
}

// Draw shows the table as it is now, below a heading. That is part of the picture
// on a terminal; elsewhere it is said on stderr, and stdout has the tables alone.
func (l *Live) Draw(heading string, t Table) {
	text := l.w.table(t)
	switch {
	case l.redraws:
		text = l.over(wrapLine(CleanText(heading), l.w.Width()) + "\n" + text)
	case l.begun:
		text = "\n" + text
	}
	if !l.redraws {
		l.ui.Say("%s", heading)
	}
	l.begun = true
	fmt.Fprint(l.w, text)
}

// over is the text in the place of what was drawn. What no longer fits the
// terminal's height stays above: there is no way back to it.
func (l *Live) over(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var b strings.Builder
	if up := min(l.drawn, l.w.Height()-1); up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", up)
	}
	for _, line := range lines {
		b.WriteString("\r" + line + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	l.drawn = len(lines)
	return b.String()
}
