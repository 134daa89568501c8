package local

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// Dirs are the directories of this machine that pods leave files in.
type Dirs struct {
	// State holds a directory for each pod, below the user's state directory.
	State string
	// Leases holds the lock of each pod's keeper, where other users' sweepers find it,
	// and in the locked file the note of which process that is.
	Leases string
}

// FindDirs says where the directories are: below XDG_STATE_HOME or
// ~/.local/state; leases in DCE_LEASE_DIR, else in /run/dce for root and in
// XDG_RUNTIME_DIR/dce for everyone else. uid is -1 where users have no number.
func FindDirs(getenv func(string) string, uid int) (Dirs, error) {
	home := getenv("HOME")
	if home == "" {
		home = getenv("USERPROFILE")
	}
	state := getenv("XDG_STATE_HOME")
	if state == "" && home != "" {
		state = filepath.Join(home, ".local", "state")
	}
	if state == "" && uid == 0 {
		state = "/var/lib" // root without HOME: a service
	}
	if !filepath.IsAbs(state) {
		return Dirs{}, noStateDir()
	}
	d := Dirs{State: filepath.Join(state, "dce", "pods"), Leases: getenv("DCE_LEASE_DIR")}
	switch runtime := getenv("XDG_RUNTIME_DIR"); {
	case d.Leases != "":
	case uid == 0:
		d.Leases = "/run/dce"
	case filepath.IsAbs(runtime):
		d.Leases = filepath.Join(runtime, "dce")
	default:
		d.Leases = filepath.Join(state, "dce", "leases")
	}
	abs, err := filepath.Abs(d.Leases)
	if err != nil {
		return Dirs{}, fmt.Errorf("finding the lease directory: %w", err)
	}
	d.Leases = abs
	return d, nil
}

// The files of a pod's state directory.
const (
	renderedFile = "compose.rendered.yaml"
	taskFile     = "dce-task.json"
	eventsFile   = "dce-events.jsonl"
	logFile      = "monitor.log"
	statusFile   = "report.json"
	stopFile     = "stop.json"
)

// pod is the state directory of the pod with this id.
func (d Dirs) pod(id string) string { return filepath.Join(d.State, elementOf(id)) }

// make makes the pod's state directory, for its owner's eyes only, and empties
// it of what an earlier pod of this name left. Its own sandbox, if it has one, is
// there already.
func (d Dirs) make(id, sandbox string) (string, error) {
	dir := d.pod(id)
	if err := errors.Join(d.remove(id), d.removeSandboxes(id, sandbox)); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the pod's state directory: %w", err)
	}
	return dir, nil
}

// remove removes the pod's state directory and what is in it. The monitor's
// log stays open in a monitor that is being born, so its file is left to it.
func (d Dirs) remove(id string) error {
	for _, name := range []string{renderedFile, taskFile, eventsFile, statusFile, stopFile} {
		if err := os.Remove(filepath.Join(d.pod(id), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clearing the pod's state directory: %w", err)
		}
	}
	return nil
}

// forget removes the whole state directory of a pod that is gone.
func (d Dirs) forget(id string) error {
	if err := os.RemoveAll(d.pod(id)); err != nil {
		return fmt.Errorf("removing the pod's state directory: %w", err)
	}
	return nil
}

// discard removes the state directory of a pod that never was, unless its
// monitor has left words there.
func (d Dirs) discard(id string, log *slog.Logger) {
	dir := d.pod(id)
	if _, err := os.Stat(filepath.Join(dir, statusFile)); err == nil {
		return
	}
	if info, err := os.Stat(filepath.Join(dir, logFile)); err == nil && info.Size() > 0 {
		return
	}
	if err := d.forget(id); err != nil { // Windows: while the monitor has its log open
		log.Debug("an empty state directory stays", slog.Any("err", err))
	}
}

// ids are the pods that have a state directory, by their status files: a
// directory's name is not always the id.
func (d Dirs) statuses() ([]Status, error) {
	entries, err := os.ReadDir(d.State)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state directory: %w", err)
	}
	var all []Status
	for _, e := range entries {
		if s, err := readStatus(filepath.Join(d.State, e.Name())); err == nil {
			all = append(all, s)
		}
	}
	return all, nil
}

// strip leaves of a pod's state directory what tells how it ended.
func (d Dirs) strip(id string) error {
	if err := d.removeSandboxes(id, ""); err != nil {
		return fmt.Errorf("clearing the pod's state directory: %w", err)
	}
	for _, name := range []string{renderedFile, taskFile, stopFile, logFile} {
		if err := os.Remove(filepath.Join(d.pod(id), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clearing the pod's state directory: %w", err)
		}
	}
	return nil
}
