package term

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"dce/internal/progress"
)

// plainLines writes a line per change of a step, with the time of day. Counts
// of bytes are no change worth a line. Lines of the first moments are held back
// until it is sure that the work takes longer.
type plainLines struct {
	mu    sync.Mutex
	w     *Stream
	steps map[string]*step
	since time.Time
	held  []string
}

func (p *plainLines) on(e progress.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.since.IsZero() {
		p.since = now
	}
	s := p.steps[key(e)]
	if s == nil {
		s = &step{}
		p.steps[key(e)] = s
	}
	if !s.take(e, now) || e.Parent != "" && e.Status == progress.Working {
		return
	}
	p.held = append(p.held, p.line(s, now))
	if now.Sub(p.since) >= patience {
		p.flush()
	}
}

func key(e progress.Event) string { return e.Parent + "\x00" + e.ID }

func (p *plainLines) line(s *step, now time.Time) string {
	parts := []string{now.Format(time.TimeOnly), s.ID}
	if s.Parent != "" {
		parts = []string{now.Format(time.TimeOnly), s.Parent, s.ID}
	}
	if s.Status != progress.Working && !strings.EqualFold(s.Text, s.Status.String()) {
		parts = append(parts, s.Status.String())
	}
	if s.Text != "" {
		parts = append(parts, s.Text)
	}
	line := strings.Join(parts, " ")
	if s.Status == progress.Done && s.took(now) > 0 {
		line += " (" + seconds(s.took(now)) + ")"
	}
	return line
}

func (p *plainLines) flush() {
	for _, line := range p.held {
		fmt.Fprintln(p.w, line)
	}
	p.held = nil
}

// end shows what is held back only if the work took long enough or went wrong.
func (p *plainLines) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.since.IsZero() && time.Since(p.since) >= patience {
		p.flush()
	}
}
