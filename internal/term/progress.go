package term

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"dce/internal/progress"
)

// patience is how long work may take before anything is shown of it: what is
// over by then needs no words.
const patience = 300 * time.Millisecond

// Progress shows steps on stderr until it is closed. It is a progress.Sink.
type Progress struct {
	show shower
	once sync.Once
}

// shower is one way to show steps.
type shower interface {
	on(e progress.Event)
	end()
}

// Progress starts showing progress in the way that was asked for. Whoever
// starts it closes it before anything else is written to stderr.
func (u *UI) Progress() *Progress {
	switch u.progressMode() {
	case "quiet":
		return &Progress{show: silent{}}
	case "json":
		return &Progress{show: &jsonLines{w: u.stderr}}
	case "tty":
		return &Progress{show: startBoard(u.stderr)}
	default:
		return &Progress{show: &plainLines{w: u.stderr, steps: map[string]*step{}}}
	}
}

func (u *UI) progressMode() string {
	mode := u.config.Progress
	switch {
	case u.config.Quiet && (mode == "" || mode == "auto"):
		return "quiet"
	case mode != "" && mode != "auto":
		return mode
	case u.stderr.TTY && u.config.Getenv("CI") == "" && u.config.Getenv("TERM") != "dumb":
		return "tty"
	default:
		return "plain"
	}
}

// On takes a change of a step; it may be called from any goroutine.
func (p *Progress) On(e progress.Event) {
	e.ID, e.Parent, e.Text = Clean(e.ID), Clean(e.Parent), Clean(e.Text)
	p.show.on(e)
}

// Close leaves the last state standing and waits until it is shown. Further
// calls do nothing.
func (p *Progress) Close() { p.once.Do(p.show.end) }

type silent struct{}

func (silent) on(progress.Event) {}
func (silent) end()              {}

// jsonLines writes every event as it comes.
type jsonLines struct {
	mu sync.Mutex
	w  *Stream
}

// progressLine is one event of `--progress json`.
type progressLine struct {
	Time    time.Time `json:"time"`
	ID      string    `json:"id"`
	Parent  string    `json:"parent_id,omitempty"`
	Status  string    `json:"status"`
	Text    string    `json:"text,omitempty"`
	Current int64     `json:"current,omitempty"`
	Total   int64     `json:"total,omitempty"`
}

func (j *jsonLines) on(e progress.Event) {
	line, err := json.Marshal(progressLine{
		Time: time.Now().UTC(), ID: e.ID, Parent: e.Parent, Status: e.Status.String(),
		Text: e.Text, Current: e.Current, Total: e.Total,
	})
	if err != nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	fmt.Fprintf(j.w, "%s\n", line)
}

func (j *jsonLines) end() {}

// step is what is known of one step.
type step struct {
	progress.Event

	started time.Time
	ended   time.Time
}

// take brings a step up to date and reports whether a reader of words would
// notice.
func (s *step) take(e progress.Event, now time.Time) bool {
	noticed := s.started.IsZero() || s.Status != e.Status || s.Text != e.Text
	if s.started.IsZero() {
		s.started = now
	}
	if e.Status != progress.Working && s.ended.IsZero() {
		s.ended = now
	}
	if e.Status == progress.Working {
		s.ended = time.Time{}
	}
	s.Event = e
	return noticed
}

// took is how long the step took, or has taken until now.
func (s *step) took(now time.Time) time.Duration {
	if !s.ended.IsZero() {
		now = s.ended
	}
	return now.Sub(s.started)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }
