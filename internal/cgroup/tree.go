package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Tree is the cgroup file system of a machine.
type Tree struct {
	version int
	mounts  []mount
}

// mount is one hierarchy: in v1 with its controllers, in v2 the only one.
type mount struct {
	dir         string
	controllers []string
	unified     bool
}

// Detect reads where this process sees cgroups. A machine without any gives a
// tree of version 0.
func Detect() (Tree, error) {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if errors.Is(err, fs.ErrNotExist) {
		return Tree{}, nil // not Linux
	}
	if err != nil {
		return Tree{}, fmt.Errorf("reading the mounted file systems: %w", err)
	}
	return parseMounts(string(b)), nil
}

// parseMounts reads mountinfo (proc(5)): the mount point is the fifth field,
// after a dash come type, source and options of the file system. A hybrid
// machine (v1 with an empty unified hierarchy beside it) is version 1.
func parseMounts(mountinfo string) Tree {
	var t Tree
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 {
			continue
		}
		switch right[0] {
		case "cgroup":
			t.version = 1
			t.add(mount{dir: unescape(left[4]), controllers: controllers(right[2])})
		case "cgroup2":
			t.version = max(t.version, 2)
			t.add(mount{dir: unescape(left[4]), unified: true})
		}
	}
	if slices.ContainsFunc(t.mounts, func(m mount) bool { return !m.unified }) {
		t.version = 1
	}
	return t
}

// add takes a hierarchy once: it may be mounted in several places.
func (t *Tree) add(m mount) {
	same := func(o mount) bool { return o.unified == m.unified && slices.Equal(o.controllers, m.controllers) }
	if !slices.ContainsFunc(t.mounts, same) {
		t.mounts = append(t.mounts, m)
	}
}

// controllers are the mount options that are no general ones; a named
// hierarchy (name=systemd) counts by its name.
func controllers(options string) []string {
	return slices.DeleteFunc(strings.Split(options, ","), func(o string) bool {
		return slices.Contains([]string{"rw", "ro", "xattr", "clone_children", "noprefix"}, o) || strings.HasPrefix(o, "release_agent=")
	})
}

// unescape undoes mountinfo's octal escapes.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// Version is 1 or 2, or 0 without cgroups.
func (t Tree) Version() int { return t.version }

// limiting are the hierarchies in which a parent is made; in the others the
// engine makes it.
func (t Tree) limiting() []mount {
	var all []mount
	for _, m := range t.mounts {
		needed := slices.ContainsFunc(m.controllers, func(c string) bool { return c == "memory" || c == "cpu" || c == "cpuacct" })
		if t.version == 1 && needed || t.version == 2 && m.unified {
			all = append(all, m)
		}
	}
	return all
}

func (t Tree) writable() bool {
	for _, m := range t.limiting() {
		if !mayWrite(m.dir) {
			return false
		}
	}
	return true
}

// Create makes a parent cgroup with its limits; one that is there already gets
// them too. What was made goes again when something fails.
func (t Tree) Create(ctx context.Context, parent string, l Limits) error {
	rel, err := clean(parent)
	if err != nil {
		return err
	}
	for _, m := range t.limiting() {
		if err := m.insist(func() error { return m.create(rel, l) }); err != nil {
			return errors.Join(fmt.Errorf("making cgroup %s: %w", parent, err), t.Remove(ctx, parent))
		}
	}
	t.reserve(rel)
	return nil
}

// reserve makes the parent in the hierarchies that limit nothing as well, as
// far as that is permitted. The engine would make it there; but between two of
// its steps another pod could take the empty root away.
func (t Tree) reserve(rel string) {
	for _, m := range t.mounts {
		root, err := os.OpenRoot(m.dir)
		if err != nil {
			continue
		}
		_ = m.insist(func() error { return root.MkdirAll(rel, 0o755) })
		root.Close()
	}
}

// createTries is how often a cgroup is made anew whose parent has vanished in
// between. Each time another pod must have ended in that very moment.
const createTries = 20

func (mount) insist(create func() error) (err error) {
	for range createTries {
		if err = create(); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

func (m mount) create(rel string, l Limits) error {
	root, err := os.OpenRoot(m.dir) // nothing below may lead out of it
	if err != nil {
		return err
	}
	defer root.Close()
	if m.unified {
		return createUnified(root, rel, l)
	}
	if err := root.MkdirAll(rel, 0o755); err != nil {
		return err
	}
	for _, c := range m.controllers {
		if c == "memory" {
			if err := accountBelow(root, rel); err != nil {
				return err
			}
		}
		if err := apply(root, rel, l.v1(c)); err != nil {
			return err
		}
	}
	return nil
}

// accountBelow makes sure that the limit holds for the cgroups below, where the
// containers are: without memory.use_hierarchy each would be counted alone.
func accountBelow(root *os.Root, rel string) error {
	file := path.Join(rel, "memory.use_hierarchy")
	b, err := root.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && strings.TrimSpace(string(b)) == "1" {
		return nil
	}
	if err != nil {
		return err
	}
	return apply(root, rel, []setting{{"memory.use_hierarchy", "1"}})
}

// createUnified hands the controllers down from the root to the parent, as v2
// asks for, and on to what the engine makes below it.
func createUnified(root *os.Root, rel string, l Limits) error {
	dir := "."
	for part := range strings.SplitSeq(rel, "/") {
		if err := delegate(root, dir); err != nil {
			return err
		}
		dir = path.Join(dir, part)
		if err := root.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := delegate(root, dir); err != nil {
		return err
	}
	return apply(root, dir, l.v2())
}

// delegate enables for a cgroup's children what it has itself of cpu, memory
// and pids.
func delegate(root *os.Root, dir string) error {
	has, err := root.ReadFile(path.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	on, err := root.ReadFile(path.Join(dir, "cgroup.subtree_control"))
	if err != nil {
		return err
	}
	for _, c := range []string{"cpu", "memory", "pids"} {
		if !slices.Contains(strings.Fields(string(has)), c) || slices.Contains(strings.Fields(string(on)), c) {
			continue
		}
		if err := apply(root, dir, []setting{{"cgroup.subtree_control", "+" + c}}); err != nil {
			return err
		}
	}
	return nil
}

func apply(root *os.Root, dir string, settings []setting) error {
	for _, s := range settings {
		f, err := root.OpenFile(path.Join(dir, s.file), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString(s.value)
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("writing %s to %s: %w", s.value, s.file, err)
		}
	}
	return nil
}

// Removing a cgroup whose processes were killed a moment ago is refused for 15
// to 21 ms (reference/compose.md section 6).
const (
	removeAgain  = time.Millisecond
	removeWithin = 2 * time.Second
)

// Root is the parent of the cgroups that dce makes on its own. It goes with the
// last of them.
const Root = "/" + ownRoot

const ownRoot = "dce"

// Remove removes a parent cgroup and what is empty below it, in every
// hierarchy: the engine made it in those where Create could not.
func (t Tree) Remove(ctx context.Context, parent string) error {
	return t.removeWhere(ctx, parent, func(mount, string) bool { return true })
}

// RemoveBeside removes a parent cgroup from the hierarchies in which a process
// of that membership is elsewhere: there the engine has made it, whose
// containers were told the parent's name. Where the process is in it, it is
// somebody else's.
func (t Tree) RemoveBeside(ctx context.Context, parent string, member Membership) error {
	return t.removeWhere(ctx, parent, func(m mount, _ string) bool { return !m.holds(member, parent) })
}

// holds reports whether the process is in the cgroup or below it.
func (m mount) holds(member Membership, dir string) bool {
	within := func(own string) bool { return own == dir || strings.HasPrefix(own, dir+"/") }
	if m.unified {
		return within(member.V2)
	}
	return slices.ContainsFunc(m.controllers, func(c string) bool { return within(member.V1[c]) })
}

// removeBelow removes directories only, from the leaves up: control files go
// with their cgroup.
func removeBelow(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENODEV) { // the latter: it went while it was read
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeBelow(ctx, filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return removeEmpty(ctx, dir)
}

func removeEmpty(ctx context.Context, dir string) error {
	tick := time.NewTicker(removeAgain)
	defer tick.Stop()
	for {
		err := os.Remove(dir)
		switch {
		case err == nil, errors.Is(err, fs.ErrNotExist):
			return nil
		case !errors.Is(err, syscall.EBUSY):
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// Exists reports whether the parent is there in any hierarchy.
func (t Tree) Exists(parent string) bool {
	rel, err := clean(parent)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(t.mounts, func(m mount) bool {
		_, err := os.Stat(filepath.Join(m.dir, rel))
		return err == nil
	})
}

// Occupied reports whether a process is in the parent itself, in any hierarchy.
// Those in cgroups below it do not count.
func (t Tree) Occupied(parent string) bool {
	rel, err := clean(parent)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(t.mounts, func(m mount) bool {
		b, err := os.ReadFile(filepath.Join(m.dir, rel, "cgroup.procs"))
		return err == nil && len(b) > 0
	})
}

// Inodes are those of a parent's directories, by their paths. A cgroup that was
// removed and made anew has another one.
func (t Tree) Inodes(parent string) map[string]uint64 {
	rel, err := clean(parent)
	if err != nil {
		return nil
	}
	inodes := map[string]uint64{}
	for _, m := range t.mounts {
		dir := filepath.Join(m.dir, rel)
		if inode, ok := inodeOf(dir); ok {
			inodes[dir] = inode
		}
	}
	return inodes
}

// RemoveExcept removes a parent from every hierarchy but those in which its
// directory has the inode given: that one is somebody else's, who fails when it
// is gone (Mesos' cgroups::remove does).
func (t Tree) RemoveExcept(ctx context.Context, parent string, others map[string]uint64) error {
	return t.removeWhere(ctx, parent, func(_ mount, dir string) bool {
		inode, ok := inodeOf(dir)
		return ok && others[dir] != inode
	})
}

// removeWhere removes a parent cgroup, what is empty below it, and with the last
// of ours our root, from the hierarchies in which its directory is to go.
func (t Tree) removeWhere(ctx context.Context, parent string, goes func(m mount, dir string) bool) error {
	rel, err := clean(parent)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, removeWithin)
	defer cancel()
	var failures []error
	for _, m := range t.mounts {
		dir := filepath.Join(m.dir, rel)
		if !goes(m, dir) {
			continue
		}
		if err := removeBelow(ctx, dir); err != nil {
			failures = append(failures, fmt.Errorf("removing cgroup %s: %w", parent, err))
		}
		if strings.HasPrefix(rel, ownRoot+"/") {
			_ = os.Remove(filepath.Join(m.dir, ownRoot)) // refused while another pod has a cgroup in it
		}
	}
	return errors.Join(failures...)
}
