package lease

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Note is what a holder leaves in its lease for whoever cleans up after it: what
// no label tells. The directory of leases is the operator's, so notes are
// believed where labels are not.
type Note struct {
	// Executor and Framework are whose lease it is.
	Executor  string `json:"executor,omitempty"`
	Framework string `json:"framework,omitempty"`
	// Holder is the process that holds the lease.
	Holder *Identity `json:"holder,omitempty"`
	// Written is when the holder last asked an engine for something of a pod, by
	// Uptime: nobody sets that clock.
	Written time.Duration `json:"written_ns,omitempty"`
	// Pod has been kept for inspection until then. KeptUptime is the same by
	// Uptime, and counts for as long as the machine runs.
	Pod        string        `json:"pod,omitempty"`
	KeptUntil  time.Time     `json:"kept_until,omitzero"`
	KeptUptime time.Duration `json:"kept_uptime_ns,omitempty"`
	// Cgroup is a parent that goes with the pod. Where its directory is still the
	// one that Agents names, by its inode, the agent made it and removes it.
	Cgroup string            `json:"cgroup,omitempty"`
	Agents map[string]uint64 `json:"agents,omitempty"`
}

// maxNotes is how much of a lease file is read, in bytes.
const maxNotes = 1 << 20

// Write replaces the notes of a lease.
func (l *Lease) Write(notes []Note) error {
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	for _, n := range notes {
		if err := lines.Encode(n); err != nil {
			return fmt.Errorf("encoding a note: %w", err)
		}
	}
	if _, err := l.file.WriteAt(text.Bytes(), 0); err != nil {
		return fmt.Errorf("writing to the lease: %w", err)
	}
	if err := l.file.Truncate(int64(text.Len())); err != nil {
		return fmt.Errorf("writing to the lease: %w", err)
	}
	return nil
}

// Leave gives the lock back and leaves the file with its notes: something of
// the holder's is left, and whoever comes next shall find it.
func (l *Lease) Leave() error { return l.file.Close() }

// Notes reads the notes of a lease. What is no note, such as the end of one
// whose writer was killed, is left out.
func Notes(path string) ([]Note, error) {
	f, err := openFile(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening a lease: %w", err)
	}
	defer f.Close()
	return readNotes(f)
}

func readNotes(f *os.File) ([]Note, error) {
	text, err := io.ReadAll(io.LimitReader(f, maxNotes))
	if err != nil {
		return nil, fmt.Errorf("reading a lease: %w", err)
	}
	var notes []Note
	for line := range bytes.Lines(text) {
		var n Note
		if json.Unmarshal(line, &n) == nil {
			notes = append(notes, n)
		}
	}
	return notes, nil
}

// Files are the paths of the lease files in a directory, sorted; none where
// there is no directory.
func Files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the directory of leases: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if e.Type().IsRegular() && IsFile(e.Name()) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// IsFile reports whether a file of this name, which is one path element, can be
// a lease.
func IsFile(name string) bool {
	base, ok := strings.CutSuffix(name, suffix)
	return ok && base != "" && name == filepath.Base(name)
}

// Noted reports whether a lease notes its holder.
func Noted(path string) bool {
	notes, err := Notes(path)
	return err == nil && slices.ContainsFunc(notes, func(n Note) bool { return n.Holder != nil })
}
