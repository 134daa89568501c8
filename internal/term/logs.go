package term

import (
	"fmt"
	"strings"
	"sync"
)

// Logs writes the lines of several services, each behind its name.
type Logs struct {
	mu     sync.Mutex
	w      *Stream
	plain  bool
	width  int
	paints map[string]Paint
}

// LogOptions say how lines are shown. The zero value is prefixed.
type LogOptions struct {
	// Services are the names known beforehand: they give the prefix its width and
	// each service the same colour in every run.
	Services []string
	// NoPrefix leaves the names out.
	NoPrefix bool
}

// Logs starts writing lines to a stream of this UI: stdout where logs are the
// answer (`dce logs`), stderr where they are not.
func (u *UI) Logs(to *Stream, o LogOptions) *Logs {
	l := &Logs{w: to, plain: o.NoPrefix, paints: map[string]Paint{}}
	for _, name := range o.Services {
		l.meet(name)
	}
	return l
}

func (l *Logs) meet(name string) {
	if _, known := l.paints[name]; known {
		return
	}
	paints := servicePaints()
	l.paints[name] = paints[len(l.paints)%len(paints)]
	l.width = max(l.width, displayWidth(Clean(name)))
}

// Line writes one line of a service; it may be called from any goroutine. On a
// terminal what is not text or colour is shown as escapes; elsewhere a line is
// passed on as it is.
func (l *Logs) Line(service, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text = strings.TrimRight(text, "\r\n")
	if l.w.TTY {
		text = cleanLog(text)
	}
	if l.plain {
		fmt.Fprintln(l.w, text)
		return
	}
	l.meet(service)
	name := pad(Clean(service), l.width)
	fmt.Fprintf(l.w, "%s %s %s\n", l.w.Paint(l.paints[service], name), l.w.Paint(Faint, l.w.pick("│", "|")), text)
}
