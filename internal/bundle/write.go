package bundle

import (
	"fmt"
	"os"
	"path"
)

// Write puts the files of a bundle, and its manifest, into a directory that
// must exist. What is there already is replaced, and nothing is ever written
// outside of the directory, whatever links stand in it.
func Write(dir string, m Manifest, files []File) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the directory of the bundle: %w", err)
	}
	defer root.Close()
	m.SchemaVersion = SchemaVersion
	manifest, err := encode(m)
	if err != nil {
		return err
	}
	for _, f := range append([]File{{Path: ManifestName, Data: manifest}}, files...) {
		if err := write(root, f); err != nil {
			return fmt.Errorf("unpacking %s: %w", f.Path, err)
		}
	}
	return nil
}

func write(root *os.Root, f File) error {
	if f.Dir {
		return root.MkdirAll(f.Path, 0o755)
	}
	if err := root.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if f.Executable {
		mode = 0o755
	}
	if err := root.WriteFile(f.Path, f.Data, mode); err != nil {
		return err
	}
	return root.Chmod(f.Path, mode) // whatever the agent's umask: a container may run as anybody
}
