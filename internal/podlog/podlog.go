// Package podlog puts the lines that a pod's containers write where operators
// look for them: one file per service and stream, of limited size, each line
// behind its time, and the sandbox's own stdout and stderr with the service in
// front. It reads no engine: lines come in by Write.
package podlog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Line is one line that a container wrote, without its line end.
type Line struct {
	// Time is when it was written, zero where nobody knows.
	Time    time.Time
	Service string
	Stderr  bool
	Text    string
}

// Options say where lines go. The zero value of the limits is the default.
type Options struct {
	// Dir holds one file per service and stream: web.stdout, web.stderr; nil: no
	// files. It is held open and not looked up by its name again, and nothing in
	// it leads out of it: a pod may have the sandbox mounted, and a file of the
	// host's behind a link in it is not for the pod to write. Close closes it.
	Dir *os.Root
	// MaxBytes is the size at which a file is turned over; 0 is 10 MiB.
	MaxBytes int64
	// Keep is how many turned-over files stay beside the current one (web.stdout.1
	// is the newest); 0 is 2, negative keeps none.
	Keep int
	// Stdout and Stderr take every line with its service in front. May be nil.
	Stdout io.Writer
	Stderr io.Writer
}

// Log writes a pod's lines. Its methods may be called from any goroutine.
type Log struct {
	o     Options
	mu    sync.Mutex
	files map[string]*file
	wide  int
}

// New makes a Log; services are those of the pod, so that the prefixes of all
// lines have one width from the first line on.
func New(o Options, services []string) *Log {
	if o.MaxBytes == 0 {
		o.MaxBytes = 10 << 20
	}
	if o.Keep == 0 {
		o.Keep = 2
	}
	l := &Log{o: o, files: map[string]*file{}}
	for _, s := range services {
		l.wide = max(l.wide, len(s))
	}
	return l
}

// Write puts one line into its file and into the common stream. One place
// failing does not keep the line from the other.
func (l *Log) Write(line Line) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.toFile(line), l.toStream(line))
}

// Close closes the files and their directory.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for name, f := range l.files {
		errs = append(errs, f.close())
		delete(l.files, name)
	}
	if l.o.Dir != nil {
		errs = append(errs, l.o.Dir.Close())
	}
	return errors.Join(errs...)
}

func (l *Log) toStream(line Line) error {
	w := l.o.Stdout
	if line.Stderr {
		w = l.o.Stderr
	}
	if w == nil {
		return nil
	}
	if _, err := fmt.Fprintf(w, "%-*s | %s\n", l.wide, line.Service, line.Text); err != nil {
		return fmt.Errorf("writing a line of %s: %w", line.Service, err)
	}
	return nil
}

func (l *Log) toFile(line Line) error {
	if l.o.Dir == nil {
		return nil
	}
	name, err := fileName(line)
	if err != nil {
		return err
	}
	f := l.files[name]
	if f == nil {
		f = &file{dir: l.o.Dir, name: name, max: l.o.MaxBytes, keep: l.o.Keep}
		l.files[name] = f
	}
	return f.writeLine(Stamp(line.Time) + line.Text)
}

// fileName is the name of a line's file. Compose allows only [a-zA-Z0-9._-] in
// a service's name; anything else comes from elsewhere and gets no file.
func fileName(line Line) (string, error) {
	bad := strings.ContainsFunc(line.Service, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", r)
	})
	if bad || strings.Trim(line.Service, ".") == "" {
		return "", fmt.Errorf("service %q has no log file: not a service's name", line.Service)
	}
	if line.Stderr {
		return line.Service + ".stderr", nil
	}
	return line.Service + ".stdout", nil
}

// file is one log file that is turned over when it gets too large.
type file struct {
	dir  *os.Root
	name string
	max  int64
	keep int
	f    *os.File
	size int64
}

func (f *file) writeLine(text string) error {
	if err := f.open(); err != nil {
		return err
	}
	if f.size > 0 && f.size+int64(len(text))+1 > f.max {
		if err := f.turnOver(); err != nil {
			return err
		}
	}
	n, err := io.WriteString(f.f, text+"\n")
	f.size += int64(n)
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.name, err)
	}
	return nil
}

func (f *file) open() error {
	if f.f != nil {
		return nil
	}
	// A named pipe that the pod has put there must not be waited for.
	opened, err := f.dir.OpenFile(f.name, os.O_CREATE|os.O_WRONLY|os.O_APPEND|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return fmt.Errorf("opening a log file: %w", err)
	}
	info, err := opened.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no plain file", f.name)
	}
	if err != nil {
		opened.Close()
		return fmt.Errorf("opening a log file: %w", err)
	}
	f.f, f.size = opened, info.Size()
	return nil
}

// turnOver moves every kept file one place back and begins a new one.
func (f *file) turnOver() error {
	if err := f.close(); err != nil {
		return err
	}
	for i := f.keep; i > 1; i-- {
		if err := f.move(f.old(i-1), f.old(i)); err != nil {
			return err
		}
	}
	if f.keep > 0 {
		if err := f.move(f.name, f.old(1)); err != nil {
			return err
		}
		return f.open()
	}
	if err := f.dir.Remove(f.name); err != nil {
		return fmt.Errorf("turning over a log file: %w", err)
	}
	return f.open()
}

func (f *file) old(i int) string { return fmt.Sprintf("%s.%d", f.name, i) }

func (f *file) close() error {
	if f.f == nil {
		return nil
	}
	err := f.f.Close()
	f.f = nil
	if err != nil {
		return fmt.Errorf("closing %s: %w", f.name, err)
	}
	return nil
}

// move renames a file if it is there.
func (f *file) move(from, to string) error {
	if err := f.dir.Rename(from, to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("turning over a log file: %w", err)
	}
	return nil
}
