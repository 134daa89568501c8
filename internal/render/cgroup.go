package render

import (
	"github.com/compose-spec/compose-go/v2/types"
)

// The cgroup drivers of a Docker engine.
const (
	cgroupfs = "cgroupfs"
	systemd  = "systemd"
)

func cgroupRule(d *draft) {
	t := d.in.Task
	if t.CgroupDriver == systemd && t.Front == FrontMesos {
		d.problem(systemdDriver())
		return
	}
	if t.CgroupParent == "" {
		return
	}
	d.each(func(name string, s *types.ServiceConfig) {
		switch s.CgroupParent {
		case t.CgroupParent:
			return
		case "":
		default:
			d.problem(cgroupOverridden(name, s.CgroupParent, t.CgroupParent, d.at("services", name, "cgroup_parent")))
		}
		s.CgroupParent = t.CgroupParent
		d.changedFrom(d.at("services", name, "cgroup_parent"), "the task's cgroup", "services", name, "cgroup_parent")
	})
}
