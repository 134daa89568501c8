package term

import (
	"fmt"
	"strings"
	"time"

	"dce/internal/progress"
)

// redrawn is how often a terminal is redrawn: often enough to seem alive.
const redrawn = 100 * time.Millisecond

// board shows steps on a terminal and redraws them in place. One goroutine
// owns everything of it; events are sent to it.
type board struct {
	w      *Stream
	events chan progress.Event
	done   chan struct{}

	steps []*step
	since time.Time
	drawn int // lines on the terminal now
	ticks int
}

func startBoard(w *Stream) *board {
	b := &board{
		w: w, done: make(chan struct{}), since: time.Now(),
		events: make(chan progress.Event, 256), // a burst of layers of an image waits here while a slow terminal is drawn on
	}
	go b.run()
	return b
}

func (b *board) on(e progress.Event) {
	select {
	case b.events <- e:
	case <-b.done:
	}
}

// end asks for the last drawing and waits for it. Events that come later are
// dropped.
func (b *board) end() {
	b.events <- progress.Event{}
	<-b.done
}

func (b *board) run() {
	defer close(b.done)
	ticker := time.NewTicker(redrawn)
	defer ticker.Stop()
	for {
		select {
		case e := <-b.events:
			if e == (progress.Event{}) {
				b.draw(true)
				return
			}
			b.take(e)
		case <-ticker.C:
			b.ticks++
			b.draw(false)
		}
	}
}

func (b *board) take(e progress.Event) {
	for _, s := range b.steps {
		if key(s.Event) == key(e) {
			s.take(e, time.Now())
			return
		}
	}
	s := &step{}
	s.take(e, time.Now())
	b.steps = append(b.steps, s)
}

// draw replaces what stands on the terminal. Each line is erased to its end, so
// that nothing flickers; lines that are no longer needed are erased below.
func (b *board) draw(last bool) {
	if time.Since(b.since) < patience || len(b.steps) == 0 {
		return
	}
	lines := b.lines(last)
	var out strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", b.drawn)
	}
	for _, line := range lines {
		out.WriteString("\r" + line + "\x1b[K\n")
	}
	out.WriteString("\x1b[J")
	fmt.Fprint(b.w, out.String())
	b.drawn = len(lines)
}

// lines are one per step at the top, with its parts summed up in a bar. What
// does not fit the terminal is counted: finished steps give way first.
func (b *board) lines(last bool) []string {
	now := time.Now()
	var tops []*step
	for _, s := range b.steps {
		if s.Parent == "" || !b.has(s.Parent) {
			tops = append(tops, s)
		}
	}
	width := 0
	for _, s := range tops {
		width = max(width, min(displayWidth(s.ID), 30))
	}
	room := len(tops)
	if !last {
		room = min(room, max(b.w.Height()-2, 1))
	}
	var lines []string
	hidden := len(tops) - room
	for _, s := range tops {
		if hidden > 0 && s.Status == progress.Done {
			hidden--
			continue
		}
		if len(lines) < room {
			lines = append(lines, b.line(s, width, now))
		}
	}
	if room < len(tops) {
		lines = append(lines, b.w.Paint(Faint, fmt.Sprintf("  and %d more", len(tops)-len(lines))))
	}
	return lines
}

func (b *board) has(id string) bool {
	for _, s := range b.steps {
		if s.Parent == "" && s.ID == id {
			return true
		}
	}
	return false
}

func (b *board) line(s *step, width int, now time.Time) string {
	head := fmt.Sprintf("%s %s", b.mark(s), pad(s.ID, width))
	tail := seconds(s.took(now))
	parts := []string{s.Text}
	if s.Status == progress.Working {
		if bar := b.bar(s); bar != "" {
			parts = []string{bar, s.Text}
		}
	}
	room := max(b.w.TextWidth()-width-len(tail)-5, 0)
	text := cutTo(strings.TrimSpace(strings.Join(parts, " ")), room)
	gap := strings.Repeat(" ", max(room-displayWidth(text), 0))
	return head + " " + text + gap + " " + b.w.Paint(Faint, tail)
}

// mark is a sign that says the status without its colour.
func (b *board) mark(s *step) string {
	switch s.Status {
	case progress.Done:
		return b.w.Paint(Green, b.w.pick("✓", "+"))
	case progress.Failed:
		return b.w.Paint(Red, b.w.pick("✗", "x"))
	case progress.Warning:
		return b.w.Paint(Yellow, "!")
	default:
		frames := []rune(b.w.pick("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", `|/-\`))
		return b.w.Paint(Cyan, string(frames[b.ticks%len(frames)]))
	}
}

// bar shows how much of a step and of its parts is done; empty when their
// sizes are unknown.
func (b *board) bar(s *step) string {
	current, total := s.Current, s.Total
	for _, part := range b.steps {
		if part.Parent != s.ID || part.Total == 0 {
			continue
		}
		total += part.Total
		if part.Status == progress.Done {
			current += part.Total
			continue
		}
		current += part.Current
	}
	if total <= 0 {
		return ""
	}
	const cells = 20
	full := int(min(max(current, 0), total) * cells / total)
	return "[" + strings.Repeat(b.w.pick("█", "#"), full) + strings.Repeat(b.w.pick("░", "."), cells-full) + "] " + share(current, total)
}

// share is the part that is done, in bytes where the counts are that large.
func share(current, total int64) string {
	if total < 10_000 {
		return fmt.Sprintf("%d/%d", current, total)
	}
	return fmt.Sprintf("%s/%s", Bytes(current), Bytes(total))
}

// Bytes is a number of bytes for a person, in units of 1024.
func Bytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%dB", n)
	}
	value, unit := float64(n)/1024, "K"
	for _, next := range []string{"M", "G", "T"} {
		if value < 1000 {
			break
		}
		value, unit = value/1024, next
	}
	return fmt.Sprintf("%.1f%s", value, unit)
}

func pad(s string, width int) string {
	s = cutTo(s, width)
	return s + strings.Repeat(" ", max(width-displayWidth(s), 0))
}

// cutTo shortens a text to that many columns.
func cutTo(s string, width int) string {
	if displayWidth(s) <= width {
		return s
	}
	r := []rune(s)
	for len(r) > 0 && displayWidth(string(r)) >= width {
		r = r[:len(r)-1]
	}
	if width <= 0 {
		return ""
	}
	return string(r) + "~"
}
