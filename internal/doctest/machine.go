package doctest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Machine is a machine of the reader's own, for documentation that installs
// something: what is written to its places is seen by the reader's commands and
// what they start, and by nobody else. All else is this machine's. It needs
// root.
type Machine struct {
	// Dir holds the places, below it by their own paths, and beside them what
	// they are on this machine.
	Dir string
}

// places are the directories that a Machine has for itself.
func places() []string { return []string{"/etc", "/usr/local/bin", "/var/lib"} }

// NewMachine makes a machine below a directory. Of what is in its places
// already, all is seen but the names given.
func NewMachine(dir string, without ...string) (*Machine, error) {
	for _, place := range places() {
		if err := private(dir, place, without); err != nil {
			return nil, fmt.Errorf("making %s of the reader's own: %w", place, err)
		}
	}
	return &Machine{Dir: dir}, nil
}

// private makes a directory of links to what the place holds on this machine.
func private(dir, place string, without []string) error {
	own, hosts := filepath.Join(dir, place), filepath.Join(dir, "host", place)
	for _, d := range []string{own, hosts} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		return err
	}
	hidden := map[string]bool{}
	for _, name := range without {
		hidden[name] = true
	}
	for _, e := range entries {
		if hidden[e.Name()] {
			continue
		}
		if err := os.Symlink(filepath.Join(hosts, e.Name()), filepath.Join(own, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// argv is a command in a mount namespace in which the places are the reader's.
func (m *Machine) argv(command string) []string {
	const mount = `mount --bind "$2" "$1/host$2"; mount --bind "$1$2" "$2"`
	var script strings.Builder
	for _, place := range places() {
		fmt.Fprintf(&script, "set -- \"$1\" %s \"$3\"; %s\n", place, mount)
	}
	return []string{"unshare", "--mount", "sh", "-ec", script.String() + `exec sh -c "$3"`, "sh", m.Dir, "", command}
}
