package local

import (
	"cmp"
	"context"
	"fmt"

	"dce/internal/render"
)

// DryRun says, a line each, what Up would do now. It changes nothing.
func (m *Machine) DryRun(ctx context.Context, p *Plan) ([]string, error) {
	if err := m.Meet(ctx); err != nil {
		return nil, err
	}
	u := &upping{machine: m, plan: p}
	pods, err := m.Engine.Pods(ctx, map[string]string{render.LabelPod: p.ID})
	if err != nil {
		return nil, err
	}
	steps := []string{u.step(len(pods) > 0)}
	p.task.Sandbox = cmp.Or(p.task.Sandbox, m.Dirs.pod(p.ID))
	if err := u.ports(ctx, nil); err != nil {
		return nil, err
	}
	if err := u.cgroup(1); err != nil {
		return nil, err
	}
	r, _, err := p.render()
	if err != nil {
		return nil, err
	}
	u.result = r
	if err := u.warn(ctx, r.Diagnostics); err != nil {
		return nil, err
	}
	for _, name := range r.Project.ServiceNames() {
		steps = append(steps, fmt.Sprintf("  service %s: %s", name, r.Project.Services[name].Image))
	}
	for _, port := range r.Ports {
		steps = append(steps, fmt.Sprintf("  port %d/%s of %s at %s", port.ContainerPort, port.Protocol, port.Service, hostAddress(port.HostIP, port.HostPort)))
	}
	return steps, nil
}

// step says what would become of the pod as a whole.
func (u *upping) step(containers bool) string {
	id := u.plan.ID
	status, err := readStatus(u.machine.Dirs.pod(id))
	switch {
	case u.machine.held(id) && err == nil && status.Hash == u.plan.Hash():
		return "leave pod " + id + " as it is: it is running with this content"
	case u.machine.held(id) || containers:
		return "replace pod " + id
	}
	return "run pod " + id
}
