package scheduler

import "slices"

// The service ports that are given to definitions of port 0: --local_port_min and --local_port_max of Marathon.
const (
	firstServicePort = 10000
	lastServicePort  = 20000
)

// assignPorts gives every port definition of port 0 a service port: one that the app has already, else the next that is
// free (core/group/impl/AssignDynamicServiceLogic.scala).
func assignPorts(original, target Root) Root {
	used := map[int]bool{}
	for _, app := range target.Apps {
		for _, port := range app.ServicePorts() {
			used[port] = true
		}
	}
	assigned := target
	for _, id := range sortedKeys(target.Apps) {
		app := target.Apps[id]
		if slices.Contains(app.ServicePorts(), 0) {
			assigned = assigned.With(withPorts(app, original.Apps[id], used))
		}
	}

	return assigned
}

func withPorts(app, before *App, used map[int]bool) *App {
	var own []int
	if before != nil {
		own = slices.DeleteFunc(before.ServicePorts(), func(p int) bool { return slices.Contains(app.ServicePorts(), p) })
	}
	next := *app
	next.PortDefinitions = slices.Clone(app.PortDefinitions)
	for i := range next.PortDefinitions {
		d := &next.PortDefinitions[i]
		switch {
		case d.Port != 0:
		case len(own) > 0:
			d.Port, own = own[0], own[1:]
		default:
			d.Port = freePort(used)
		}
		used[d.Port] = true
	}

	return &next
}

func freePort(used map[int]bool) int {
	for port := firstServicePort; port <= lastServicePort; port++ {
		if !used[port] {
			return port
		}
	}

	return 0
}
