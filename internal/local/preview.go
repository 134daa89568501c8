package local

import (
	"cmp"
	"path"

	"dce/internal/cgroup"
	"dce/internal/project"
	"dce/internal/render"
)

// firstPreviewPort is where free ports begin in a preview, as on most agents.
const firstPreviewPort = 31000

// Preview is what Up would render on a machine where every port that the files
// ask for is free and the pod may have a cgroup of its own: the engine and the
// machine are not asked. Sandbox is the directory of the pod's state.
func (p *Plan) Preview(state Dirs) (*project.Project, render.Input, error) {
	if !p.given {
		next := uint16(firstPreviewPort)
		choice, err := choosePorts(p.ports, p.way(), prober{free: func(string) (uint16, error) {
			next++
			return next - 1, nil
		}}, nil)
		if err != nil {
			return nil, render.Input{}, err
		}
		p.task.Ports = choice.offer
	}
	p.task.Sandbox = cmp.Or(p.task.Sandbox, state.pod(p.ID))
	p.task.CgroupParent = cmp.Or(p.task.CgroupParent, path.Join(cgroup.Root, elementOf(p.ID)))
	p.task.CgroupDriver = cmp.Or(p.task.CgroupDriver, "cgroupfs")
	return p.project, p.input(), nil
}
