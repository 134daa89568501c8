package executor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// What the executor leaves in a sandbox.
const (
	taskFile     = "dce-task.json"
	renderedFile = "compose.rendered.yaml"
	eventsFile   = "dce-events.jsonl"
	inspectFile  = "dce-inspect.json"
	logsDir      = "dce-logs"
)

// The job fills its sandbox before dce does, and may have put links where these
// files go: nothing is ever written through one.

// writeFile puts a whole file in the place of whatever is there.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".dce-*") // mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// createFile begins an empty file in the place of whatever is there.
func createFile(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	return f, nil
}

// makeDir makes a directory of dce's own. One that is there already is not
// trusted: it could lead anywhere.
func makeDir(path string) (*os.Root, error) {
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory of log files: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of log files: %w", err)
	}
	return root, nil
}

// makeTaskDir makes the directory of a further task in the place of whatever the
// job has put there, unless that is a directory.
func makeTaskDir(path string) error {
	if info, err := os.Lstat(path); err == nil && !info.IsDir() {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("making the task's directory: %w", err)
		}
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making the task's directory: %w", err)
	}
	return nil
}

// dockerConfig is the directory of the Docker configuration with registry
// credentials: that which the job has fetched, else the operator's. Where there
// is none it is the job's all the same: the default would be below HOME, and
// that is the job's to set.
func dockerConfig(sandbox, operators string) string {
	dir := filepath.Join(sandbox, ".docker")
	if _, err := os.Stat(filepath.Join(dir, "config.json")); err != nil && operators != "" {
		return operators
	}
	return dir
}
