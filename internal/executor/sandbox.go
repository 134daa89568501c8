package executor

import (
	"crypto/rand"
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

// The job fills its sandbox before dce does, and what runs there may change it at
// any time: it may have put links where these files go. The directory of a task is
// held open, and nothing is ever written through a link.

// writeFile puts a whole file in the place of whatever is there.
func writeFile(dir *os.Root, name string, data []byte) error {
	made := ".dce-" + rand.Text()
	err := dir.WriteFile(made, data, 0o600)
	if err == nil {
		err = dir.Rename(made, name)
	}
	if err != nil {
		_ = dir.Remove(made)
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// createFile begins an empty file in the place of whatever is there.
func createFile(dir *os.Root, name string) (*os.File, error) {
	if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("making %s: %w", name, err)
	}
	f, err := dir.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", name, err)
	}
	return f, nil
}

// makeDir makes a directory of dce's own. One that is there already is not
// trusted: it could lead anywhere.
func makeDir(dir *os.Root, name string) (*os.Root, error) {
	if err := dir.Mkdir(name, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory of log files: %w", err)
	}
	made, err := dir.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of log files: %w", err)
	}
	return made, nil
}

// openTaskDir opens the directory of a further task in the sandbox. It is made in
// the place of whatever the job has put there, unless that is a directory.
func openTaskDir(sandbox *os.Root, name string) (*os.Root, error) {
	if info, err := sandbox.Lstat(name); err == nil && !info.IsDir() {
		if err := sandbox.Remove(name); err != nil {
			return nil, fmt.Errorf("making the task's directory: %w", err)
		}
	}
	if err := sandbox.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("making the task's directory: %w", err)
	}
	dir, err := sandbox.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("opening the task's directory: %w", err)
	}
	return dir, nil
}

// dockerConfig is the directory of the Docker configuration with registry
// credentials: that which the job has fetched, else the operator's. What leads out
// of the sandbox is not the job's, and what is no plain file might never end: a job
// can bring a named pipe in its archive. Without any it is one that nobody has: the
// default would be below HOME, and that is the job's to set.
func dockerConfig(sandbox, operators string) string {
	dir := filepath.Join(sandbox, ".docker")
	switch {
	case isPlain(sandbox, filepath.Join(".docker", "config.json")):
		return dir
	case operators != "":
		return operators
	}
	return filepath.Join(sandbox, ".docker-"+rand.Text())
}

// isPlain reports whether a file below a directory is a plain one.
func isPlain(dir, name string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	info, err := root.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
