package local

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dce/internal/render"
)

// Sandbox holds the files that a task brings with it, as the sandbox of an agent
// does. It lies in the state directory of the pod and goes with it.
type Sandbox struct {
	Dir string

	fresh bool
	state string // the pod's state directory
}

// sandboxPrefix begins the name of every sandbox in a state directory.
const sandboxPrefix = "sandbox-"

// Unpack makes the sandbox of a task whose files have this digest. One that is
// there already is left as it is: the pod that runs may have it mounted, and a pod
// with other files has another one.
func (d Dirs) Unpack(id, digest string, unpack func(dir string) error) (*Sandbox, error) {
	sum := sha256.Sum256([]byte(digest))
	state := d.pod(id)
	s := &Sandbox{Dir: filepath.Join(state, sandboxPrefix+hex.EncodeToString(sum[:6])), state: state}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, fmt.Errorf("making the pod's state directory: %w", err)
	}
	made, err := os.MkdirTemp(state, sandboxPrefix+"new-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for the files of the task: %w", err)
	}
	defer os.RemoveAll(made)
	if err := unpack(made); err != nil {
		_ = os.RemoveAll(made)
		_ = os.Remove(state) // stays where there is a pod
		return nil, err
	}
	if _, err := os.Stat(s.Dir); err == nil {
		return s, nil
	}
	s.fresh = true
	return s, os.Rename(made, s.Dir)
}

// Discard removes a sandbox that was made for a pod that never came to be.
func (s *Sandbox) Discard() error {
	if s == nil || !s.fresh {
		return nil
	}
	err := os.RemoveAll(s.Dir)
	_ = os.Remove(s.state) // stays where there is a pod
	return err
}

// path is the sandbox's directory, empty without one.
func (s *Sandbox) path() string {
	if s == nil {
		return ""
	}
	return s.Dir
}

// removeSandboxes removes what tasks have brought to the pod, but for one.
func (d Dirs) removeSandboxes(id, but string) error {
	entries, _ := os.ReadDir(d.pod(id)) // nothing there
	var failed []error
	for _, e := range entries {
		path := filepath.Join(d.pod(id), e.Name())
		if strings.HasPrefix(e.Name(), sandboxPrefix) && path != but {
			failed = append(failed, os.RemoveAll(path))
		}
	}
	return errors.Join(failed...)
}

// IDOfTask is the id of the pod of a task; with a name, it is that of another one
// beside it.
func IDOfTask(t render.Task, name string) string {
	if name != "" {
		return podID("", "", name)
	}
	return cmp.Or(t.PodID, t.ID)
}
