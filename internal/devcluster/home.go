package devcluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2/maybe"

	"dce/internal/diag"
	"dce/internal/lease"
)

// DefaultAddr is where the cluster of this machine is, unless it was told otherwise: a URL that a dce.yaml can name.
const DefaultAddr = "127.0.0.1:18080"

// Home is the directory of the one cluster of a user on this machine.
type Home struct{ Dir string }

// The files of a Home, beside the agent's work directory.
const (
	recordFile = "devcluster.json"
	logFile    = "devcluster.log"
	leaseName  = "devcluster"
)

// Record is what is known of a cluster that runs.
type Record struct {
	URL     string    `json:"url"` // of Marathon's API
	URLs    []string  `json:"urls"`
	Mesos   string    `json:"mesos_url"`
	Work    string    `json:"work_dir"` // sandboxes are below it
	Log     string    `json:"log_file"`
	Cgroups string    `json:"cgroups_root,omitempty"` // executors are below it in each hierarchy
	PID     int       `json:"pid"`
	Start   string    `json:"process_start,omitempty"` // tells the process from another with its pid
	BootID  string    `json:"boot_id,omitempty"`
	Started time.Time `json:"started"`
}

// Log is where a cluster in the background writes what happens.
func (h Home) Log() string { return filepath.Join(h.Dir, logFile) }

// Record is that of the cluster that runs; ok is false if none does.
func (h Home) Record() (r Record, ok bool, err error) {
	held, err := h.held()
	if err != nil || !held {
		return Record{}, false, err
	}

	return h.read()
}

// read is the record of the cluster that runs, or of one that was killed.
func (h Home) read() (r Record, ok bool, err error) {
	data, err := os.ReadFile(filepath.Join(h.Dir, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, false, nil // it is only starting, or has nearly ended
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return Record{}, false, fmt.Errorf("reading what is known of the devcluster: %w", err)
	}

	return r, true, nil
}

// held says that a living process has the lease of the cluster.
func (h Home) held() (bool, error) {
	if _, err := os.Stat(h.Dir); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	l, err := lease.Take(h.Dir, leaseName)
	if errors.Is(err, lease.ErrHeld) {
		return true, nil
	}
	if err != nil {
		return false, err
	}

	return false, l.Release()
}

// work is the agent's work directory.
func (h Home) work() string { return filepath.Join(h.Dir, "agent") }

// identity is the process of the cluster.
func (h Home) identity(pid int) lease.Identity {
	path, err := lease.Path(h.Dir, leaseName)
	if err != nil {
		return lease.Identity{PID: pid}
	}
	id, err := lease.Here().Of(pid, path)
	if err != nil {
		return lease.Identity{Lease: path, PID: pid}
	}

	return id
}

func (h Home) write(r Record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing what is known of the devcluster: %w", err)
	}
	if err := maybe.WriteFile(filepath.Join(h.Dir, recordFile), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing what is known of the devcluster: %w", err)
	}

	return nil
}

// clear removes what a cluster left: its record and its sandboxes. The log stays.
func (h Home) clear() error {
	return errors.Join(
		removeFile(filepath.Join(h.Dir, recordFile)),
		os.RemoveAll(h.work()),
	)
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}

	return nil
}

func notStarted(why string, hint string, cause error) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE690", Summary: "the devcluster did not start", Detail: why, Hint: hint, Cause: cause,
	})
}
