package local

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"dce/internal/cgroup"
	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/life"
	"dce/internal/render"
)

const (
	// sharedParent is the one for all pods that cannot have their own. The engine
	// makes it, and it stays.
	sharedParent = cgroup.Root + "/shared"
	// cgroupTime bounds the removal of a cgroup that is still busy.
	cgroupTime = 2 * time.Second
)

// planCgroup settles a pod's cgroup: that of its task, one of its own, or,
// where neither can be made, a common one that limits nothing.
func planCgroup(podID string, t render.Task, info engine.Info, tree cgroup.Tree) (life.Cgroup, diag.List) {
	limits := cgroup.Limits{CPUs: t.Resources.CPUs, MemMB: t.Resources.MemMB}
	reason := tree.Check(cgroup.Engine{Local: info.Local, Driver: info.CgroupDriver, Version: info.CgroupVersion})
	switch {
	case reason == cgroup.Usable && strings.HasPrefix(t.CgroupParent, "/"):
		return life.Cgroup{Parent: t.CgroupParent, Own: true, Limits: limits}, nil
	case reason == cgroup.Usable:
		return life.Cgroup{Parent: path.Join(cgroup.Root, elementOf(podID)), Own: true, Limits: limits}, nil
	case reason == cgroup.SystemdDriver:
		return life.Cgroup{Parent: cgroup.Slice(podID)}, noLimits(reason, limits)
	case info.CgroupDriver == "systemd":
		return life.Cgroup{Parent: cgroup.Slice("shared")}, noLimits(reason, limits)
	}
	return life.Cgroup{Parent: sharedParent}, noLimits(reason, limits)
}

// noLimits tells of a pod that nothing limits: gravely when limits were asked for.
func noLimits(r cgroup.Reason, asked cgroup.Limits) diag.List {
	d := diag.Diagnostic{
		Code: "DCE430", Severity: diag.Note, Summary: fmt.Sprintf("the pod has no limits here: %s", r),
		Hint: "see `dce explain DCE430`",
	}
	if asked.CPUs > 0 || asked.MemMB > 0 {
		d.Severity = diag.Warning
		d.Detail = "The processors and the memory that it was given limit nothing."
	}
	return diag.List{d}
}

// removeCgroups removes the parents of a pod that is taken down from outside.
func removeCgroups(ctx context.Context, parents map[string]bool) error {
	if len(parents) == 0 {
		return nil
	}
	tree, err := cgroup.Detect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cgroupTime)
	defer cancel()
	for p := range parents {
		if err := tree.Remove(ctx, p); err != nil {
			return fmt.Errorf("removing cgroup %s: %w", p, err)
		}
	}
	return nil
}
