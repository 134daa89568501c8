package cgroup

import (
	"fmt"
	"os"
	"path"
	"strings"

	"dce/internal/diag"
)

// Membership says in which cgroup a process is, by hierarchy.
type Membership struct {
	// V1 leads from a controller ("memory") to its cgroup.
	V1 map[string]string
	// V2 is the cgroup of the unified hierarchy, empty without one.
	V2 string
}

// Self reads the membership of this process.
func Self() (Membership, error) {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return Membership{}, fmt.Errorf("reading this process's cgroup: %w", err)
	}
	return Parse(string(b))
}

// Parse reads the content of a /proc/PID/cgroup (cgroups(7)): lines of
// hierarchy id, controllers, path; id 0 without controllers is the unified one.
func Parse(content string) (Membership, error) {
	m := Membership{V1: map[string]string{}}
	for line := range strings.Lines(content) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		id, rest, ok := strings.Cut(line, ":")
		names, dir, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 || !strings.HasPrefix(dir, "/") {
			return m, fmt.Errorf("reading a line of /proc/self/cgroup: %q is not id:controllers:path", line)
		}
		if id == "0" && names == "" {
			m.V2 = dir
			continue
		}
		for name := range strings.SplitSeq(names, ",") {
			m.V1[name] = dir
		}
	}
	return m, nil
}

// Version is 1 where the memory controller is in a hierarchy of its own.
func (m Membership) Version() int {
	switch {
	case m.V1["memory"] != "":
		return 1
	case m.V2 != "":
		return 2
	default:
		return 0
	}
}

// TaskParent is the parent cgroup for the containers of an executor with this
// membership. In v1 it is the executor's own memory cgroup, which Mesos limits
// to the sum of the tasks. In v2 a cgroup with processes may have no children
// with controllers, so it is a sibling of the executor's, below the task's.
func (m Membership) TaskParent() (string, error) {
	switch m.Version() {
	case 1:
		if dir := m.V1["memory"]; ownCgroup(dir) {
			return dir, nil
		}
	case 2:
		if ownCgroup(m.V2) && path.Dir(m.V2) != "/" {
			return path.Join(path.Dir(m.V2), "pod"), nil
		}
	}
	return "", diag.Fail(diag.Diagnostic{
		Code:    "DCE401",
		Summary: "this process is in no memory cgroup of its own",
		Detail: "its cgroup is the root: the agent does not isolate memory by cgroups, or the process is in a cgroup namespace, " +
			"where the root stands for a cgroup whose name cannot be seen",
		Hint: "run the agent with --launcher=linux --isolation=cgroups/cpu,cgroups/mem and its executors outside a cgroup namespace",
	})
}

// ownCgroup is false for the root, and for a path that leads out of the root of
// a cgroup namespace ("/../x").
func ownCgroup(dir string) bool {
	_, err := clean(dir)
	return err == nil
}
