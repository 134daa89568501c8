package task

import (
	"cmp"

	"dce/internal/render"
)

// firstExamplePort is the first of the ports that Mesos agents offer unless
// they are told otherwise (31000-32000).
const firstExamplePort = 31000

// Example makes up the facts of a task that no scheduler has given: literals
// that are valid and recognisable, with as many host ports as the pod needs
// (len(render.PublishedPorts(project))).
func Example(projectName string, ports int) render.Task {
	id := "example." + cmp.Or(projectName, "pod")
	return Complete(render.Task{
		Front:       render.FrontExample,
		ID:          id,
		Name:        cmp.Or(projectName, "pod"),
		ExecutorID:  id,
		FrameworkID: "example-framework",
		AgentID:     "example-agent",
	}, ports)
}

// Complete fills in what a TaskInfo alone does not tell, with example
// literals; that many host ports where it offers none.
func Complete(t render.Task, ports int) render.Task {
	t.Front = cmp.Or(t.Front, render.FrontMesos)
	t.PodID = cmp.Or(t.PodID, t.ID)
	t.Sandbox = cmp.Or(t.Sandbox, "/mnt/mesos/sandbox")
	t.CgroupParent = cmp.Or(t.CgroupParent, "/mesos/example")
	t.CgroupDriver = cmp.Or(t.CgroupDriver, "cgroupfs")
	if len(t.Ports) == 0 {
		t.Ports = ExamplePorts(ports)
	}
	return t
}

// ExamplePorts are that many offered ports, from 31000.
func ExamplePorts(n int) []render.OfferedPort {
	n = max(0, min(n, 1<<16-firstExamplePort))
	ports := make([]render.OfferedPort, n)
	for i := range ports {
		ports[i] = render.OfferedPort{Number: uint16(firstExamplePort + i)} //nolint:gosec // bounded above
	}
	return ports
}
