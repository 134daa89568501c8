package executor

import (
	"path"
	"slices"
	"strings"

	"dce/internal/cgroup"
	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/life"
	"dce/internal/render"
)

// parentOf settles where a pod's containers are counted: in the cgroup that the
// agent has made for the executor, or, where it has made none, in one of dce's
// own with the task's limits. Then why says so.
func parentOf(t render.Task, container string, m cgroup.Membership, info engine.Info, tree cgroup.Tree) (c life.Cgroup, why string, err error) {
	if info.CgroupDriver == "systemd" {
		return c, "", diag.Fail(systemdDriver())
	}
	dir, none := m.TaskParent()
	switch {
	case none != nil:
		why = "this process is in the root cgroup: the agent does not isolate memory, or it is in a cgroup namespace"
	case !isContainers(dir, m, container):
		why = "this process is in cgroup " + dir + ", which is not its container's: the agent uses the posix launcher, or does not isolate memory"
	default:
		return life.Cgroup{Parent: dir}, "", nil
	}
	c = life.Cgroup{Limits: cgroup.Limits{CPUs: t.Resources.CPUs, MemMB: t.Resources.MemMB}}
	reason := tree.Check(cgroup.Engine{Local: info.Local, Driver: info.CgroupDriver, Version: info.CgroupVersion})
	if reason != cgroup.Usable {
		return life.Cgroup{Parent: path.Join(cgroup.Root, "shared")}, why + "; nothing limits it: " + string(reason), nil
	}
	c.Parent, c.Own = path.Join(cgroup.Root, t.PodID), true
	return c, why, nil
}

// isContainers reports whether the cgroup is that of the executor's container:
// Mesos names it by the container's id. The path itself is never guessed.
func isContainers(dir string, m cgroup.Membership, container string) bool {
	own := dir
	if m.Version() == 2 {
		own = m.V2 // the containers' is beside the executor's own
	}
	return container != "" && slices.Contains(strings.Split(own, "/"), container)
}
