package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// hierarchies are those that --isolation=cgroups/cpu,cgroups/mem with the linux launcher uses; the freezer is first.
func hierarchies() []string { return []string{"freezer", "memory", "cpu", "cpuacct"} }

const (
	minShares = 2        // the kernel's least cpu.shares
	minMemory = 32 << 20 // the least limit that Mesos sets
)

// cgroups are the version 1 cgroups of one container: <hierarchy>/<root>/<container id> in each hierarchy.
type cgroups struct {
	fs, root, id string

	mu    sync.Mutex
	made  bool
	limit int64 // bytes, as last set; never lowered
	cpus  float64
	bytes int64
}

func newCgroups(fsRoot, root, id string) *cgroups { return &cgroups{fs: fsRoot, root: root, id: id} }

func (g *cgroups) path(hierarchy string, file ...string) string {
	return filepath.Join(append([]string{g.fs, hierarchy, g.root, g.id}, file...)...)
}

// ask says what the container may use; it is set at once if the cgroups exist.
func (g *cgroups) ask(cpus, megabytes float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	bytes := max(int64(megabytes*(1<<20)), minMemory)
	changed := g.cpus != cpus || g.bytes != bytes
	g.cpus, g.bytes = cpus, bytes
	if g.made && changed {
		_ = g.apply() // as Mesos: an update of limits that fails is logged only
	}
}

func (g *cgroups) create() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, h := range hierarchies() {
		if err := os.MkdirAll(g.path(h), 0o755); err != nil {
			return fmt.Errorf("making the %s cgroup: %w", h, err)
		}
	}
	g.made = true

	return g.apply()
}

// apply writes the limits. The hard limit of memory is only ever raised, the soft one follows the tasks.
func (g *cgroups) apply() error {
	shares := max(int64(1024*g.cpus), minShares)
	values := [][3]string{
		{"cpu", "cpu.shares", strconv.FormatInt(shares, 10)},
		{"memory", "memory.soft_limit_in_bytes", strconv.FormatInt(g.bytes, 10)},
	}
	if g.bytes > g.limit {
		values = append(values, [3]string{"memory", "memory.limit_in_bytes", strconv.FormatInt(g.bytes, 10)})
	}
	for _, v := range values {
		if err := os.WriteFile(g.path(v[0], v[1]), []byte(v[2]), 0o644); err != nil { //nolint:gosec // a file of the kernel
			return fmt.Errorf("setting %s: %w", v[1], err)
		}
	}
	g.limit = max(g.limit, g.bytes)

	return nil
}

func (g *cgroups) add(pid int) error {
	for _, h := range hierarchies() {
		if err := os.WriteFile(g.path(h, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644); err != nil { //nolint:gosec // a file of the kernel
			return fmt.Errorf("entering the %s cgroup: %w", h, err)
		}
	}

	return nil
}

// kill freezes the container, kills all that is in it and below it, and thaws it, until nothing is left.
func (g *cgroups) kill() {
	const tries = 100
	for range tries {
		pids := g.processes()
		if len(pids) == 0 {
			return
		}
		g.freeze("FROZEN")
		for _, pid := range g.processes() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone already
		}
		g.freeze("THAWED")
		pause()
	}
}

// freeze asks for a state and waits a second at most until the cgroup has it.
func (g *cgroups) freeze(state string) {
	file := g.path("freezer", "freezer.state")
	for range 100 {
		if os.WriteFile(file, []byte(state), 0o644) != nil { //nolint:gosec // a file of the kernel
			return
		}
		now, err := os.ReadFile(file)
		if err != nil || strings.TrimSpace(string(now)) == state {
			return
		}
		pause()
	}
}

// processes lists all in the container's cgroups and in those that were made below them.
func (g *cgroups) processes() []int {
	var pids []int
	for _, h := range hierarchies() {
		for _, dir := range g.subtree(h) {
			data, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs")) // gone: empty
			for line := range strings.FieldsSeq(string(data)) {
				if pid, err := strconv.Atoi(line); err == nil && pid > 1 && !slices.Contains(pids, pid) {
					pids = append(pids, pid)
				}
			}
		}
	}

	return pids
}

// subtree lists a cgroup and all below it, deepest first.
func (g *cgroups) subtree(hierarchy string) []string {
	var dirs []string
	_ = filepath.WalkDir(g.path(hierarchy), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}

		return nil // what is gone is not there
	})
	slices.Reverse(dirs)

	return dirs
}

// remove removes the cgroups with all below them. The kernel may need a moment to see that they are empty, and an
// engine that had hung may start a container in them after all else was killed.
func (g *cgroups) remove() {
	for _, h := range hierarchies() {
		for _, dir := range g.subtree(h) {
			for range 100 {
				err := os.Remove(dir)
				if err == nil || errors.Is(err, os.ErrNotExist) {
					break
				}
				g.kill()
				pause()
			}
		}
	}
}

// exceeded says in the words of Mesos that the container went over its memory.
func (g *cgroups) exceeded() string {
	used, _ := os.ReadFile(g.path("memory", "memory.max_usage_in_bytes")) // unknown: 0
	statistics, _ := os.ReadFile(g.path("memory", "memory.stat"))
	most, _ := strconv.ParseInt(strings.TrimSpace(string(used)), 10, 64)
	g.mu.Lock()
	defer g.mu.Unlock()

	return fmt.Sprintf("Memory limit exceeded: Requested: %dMB Maximum Used: %dMB\n\nMEMORY STATISTICS: \n%s",
		g.limit>>20, most>>20, statistics)
}

// oomKilled tells whether the kernel killed something of the container (Linux 4.13 and later count it).
func (g *cgroups) oomKilled() bool {
	control, _ := os.ReadFile(g.path("memory", "memory.oom_control")) // unknown: no
	for line := range strings.Lines(string(control)) {
		if count, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			return count != "0"
		}
	}

	return false
}

// The launchers of an agent, by their names in mesos-agent --launcher.
const (
	LinuxLauncher = "linux" // every container has cgroups
	PosixLauncher = "posix" // none has
)

// Launcher tells whether containers have cgroups: they have when Options.CgroupsRoot asks for it and the machine permits it.
func (a *Agent) Launcher() string { return a.launcher }

// chooseLauncher tries whether the cgroups root can be made.
func chooseLauncher(opts Options) string {
	if opts.CgroupsRoot == "" {
		return PosixLauncher
	}
	for _, h := range hierarchies() {
		root := filepath.Join(opts.CgroupFS, h, opts.CgroupsRoot)
		probe := filepath.Join(root, "probe-"+newUUID())
		_, err := os.Stat(filepath.Join(opts.CgroupFS, h, "cgroup.procs")) // else a plain directory would do
		if err == nil {
			err = os.MkdirAll(probe, 0o755)
		}
		if err != nil {
			opts.Log.Warn("no cgroups: working as the posix launcher", "hierarchy", h, "err", err)

			return PosixLauncher
		}
		_ = os.Remove(probe) // empty
	}

	return LinuxLauncher
}

// RemoveOrphans kills what an agent with this work directory left behind, as Mesos does at its start. Unlike Mesos it
// leaves alone what is not its own, so that it may share a cgroups root.
func RemoveOrphans(opts Options) error {
	if opts.CgroupsRoot == "" {
		return nil
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(opts.CgroupFS, "freezer", opts.CgroupsRoot))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for orphans: %w", err)
	}
	for _, entry := range entries {
		runs, _ := filepath.Glob(filepath.Join(opts.WorkDir, "slaves", "*", "frameworks", "*", "executors", "*", "runs", entry.Name()))
		if entry.IsDir() && len(runs) > 0 {
			opts.Log.Info("killing orphan", "container_id", entry.Name())
			g := newCgroups(opts.CgroupFS, opts.CgroupsRoot, entry.Name())
			g.kill()
			g.remove()
		}
	}

	return nil
}
