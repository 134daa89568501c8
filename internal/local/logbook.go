package local

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
)

// logbook is a monitor's log: a file in the directory of its pod. Until it is
// known which pod that is, what is written waits.
type logbook struct {
	mu      sync.Mutex
	waiting bytes.Buffer
	file    *os.File
}

// Write implements io.Writer.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return l.waiting.Write(p)
	}
	return l.file.Write(p)
}

// open makes the directory and goes on in its log. What the runtime says when
// it ends the process goes there as well.
func (l *logbook) open(dir string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the pod's state directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("opening the monitor's log: %w", err)
	}
	l.file = f
	if _, err := l.waiting.WriteTo(f); err != nil {
		return fmt.Errorf("writing the monitor's log: %w", err)
	}
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		return fmt.Errorf("leading crashes to the monitor's log: %w", err)
	}
	return nil
}

func (l *logbook) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}
