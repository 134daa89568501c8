package engine

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"

	"github.com/moby/moby/api/types/jsonstream"

	"dce/internal/progress"
)

// Bounds of what is kept of a builder's output: a program that a step runs
// decides how much there is.
const (
	buildLines    = 10
	buildLineSize = 16 << 10
)

// buildLog reads along what the builder says of one image: it tells of each
// step, and keeps the last lines in case it fails.
type buildLog struct {
	image string
	to    progress.Sink

	mu      sync.Mutex
	partial []byte // of a message that has not come whole
	lines   []string
	failed  bool
}

// Write implements io.Writer: messages are JSON, one a line.
func (l *buildLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(b)
	for {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		if len(l.partial)+len(line) <= buildLineSize {
			l.partial = append(l.partial, line...)
		}
		if !whole {
			return n, nil
		}
		l.message(l.partial)
		l.partial, b = l.partial[:0], rest
	}
}

func (l *buildLog) message(text []byte) {
	var m jsonstream.Message
	if json.Unmarshal(text, &m) != nil { // an empty line, or one that is too long
		return
	}
	l.failed = l.failed || m.Error != nil
	red := strings.NewReplacer("\x1b[91m", "", "\x1b[0m", "") // around what a step writes to stderr
	for line := range strings.Lines(red.Replace(m.Stream)) {
		if line = strings.TrimRight(line, "\r\n "); line == "" || ofBuilder(line) {
			continue
		}
		l.lines = append(l.lines, line)
		l.lines = l.lines[max(0, len(l.lines)-buildLines):]
		if strings.HasPrefix(line, "Step ") {
			l.to.On(progress.Event{ID: "image " + l.image, Text: line})
		}
	}
}

// ofBuilder tells what the builder says of its own containers and layers, which
// nobody can look at any more.
func ofBuilder(line string) bool {
	return strings.HasPrefix(line, " --->") || strings.HasPrefix(line, "Removing intermediate container ")
}

// last are the lines that the builder said last, and whether it failed.
func (l *buildLog) last() (lines []string, failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines, l.failed
}

// refuse notes that the engine did not begin.
func (l *buildLog) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = true
}

// following is a body that is written to a log as it is read.
type following struct {
	io.Reader
	io.Closer
}

func follow(body io.ReadCloser, l *buildLog) io.ReadCloser {
	return following{io.TeeReader(body, l), body}
}
