//go:build unix

package devcluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"dce/internal/devcluster/agent"
	"dce/internal/lease"
)

// tidy removes what a cluster left that was killed, unless another one lives.
func (h Home) tidy() error {
	if _, err := os.Stat(filepath.Join(h.Dir, recordFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	l, err := lease.Take(h.Dir, leaseName)
	if errors.Is(err, lease.ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}

	return errors.Join(h.reclaim(), l.Release())
}

// reclaim removes what a cluster left that was killed: its executors, then what tells which they are. Whoever calls it
// has the lease.
func (h Home) reclaim() error {
	if killed, _, err := h.read(); err == nil && killed.Cgroups != "" { // one that cannot be read tells nothing
		if err := agent.RemoveOrphans(agent.Options{WorkDir: h.work(), CgroupsRoot: killed.Cgroups}); err != nil {
			return err
		}
		if err := removeCgroups(killed.Cgroups); err != nil {
			return err
		}
	}

	return h.clear()
}
