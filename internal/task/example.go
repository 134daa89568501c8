package task

import (
	"dce/internal/render"
)

// firstExamplePort is the first of the ports that Mesos agents offer unless
// they are told otherwise (31000-32000).
const firstExamplePort = 31000

// Example makes up the facts of a task that no scheduler has given: literals
// that are valid and recognisable, with as many host ports as the pod needs
// (len(render.PublishedPorts(project))).
func Example(projectName string, ports int) render.Task {
	if projectName == "" {
		projectName = "pod"
	}
	id := "example." + projectName
	return render.Task{
		Front:        render.FrontExample,
		ID:           id,
		Name:         projectName,
		ExecutorID:   id,
		FrameworkID:  "example-framework",
		AgentID:      "example-agent",
		PodID:        id,
		Sandbox:      "/mnt/mesos/sandbox",
		CgroupParent: "/mesos/example",
		CgroupDriver: "cgroupfs",
		Ports:        ExamplePorts(ports),
	}
}

// ExamplePorts are that many offered ports, from 31000.
func ExamplePorts(n int) []render.OfferedPort {
	n = min(n, 1<<16-firstExamplePort)
	ports := make([]render.OfferedPort, n)
	for i := range ports {
		ports[i] = render.OfferedPort{Number: uint16(firstExamplePort + i)} //nolint:gosec // bounded above
	}
	return ports
}
