package task

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/render"
)

// maxPorts bounds an offer: an agent has 1001 ports unless it is told
// otherwise, and a range of a hostile TaskInfo may say anything.
const maxPorts = 4096

// FromTaskInfo takes the facts from a TaskInfo: ids, ports with their names,
// environment, labels, resources, service or job. What only the agent knows
// (sandbox, container id, cgroup) is left empty.
func FromTaskInfo(info *mesos.TaskInfo) (render.Task, error) {
	t := render.Task{
		Front:     render.FrontMesos,
		ID:        info.TaskID.Value,
		Name:      info.Name,
		AgentID:   info.AgentID.Value,
		Env:       environment(info),
		Labels:    labels(info.GetLabels()),
		Resources: resources(info),
	}
	if e := info.Executor; e != nil {
		t.ExecutorID = e.ExecutorID.Value
		if e.FrameworkID != nil {
			t.FrameworkID = e.FrameworkID.Value
		}
	}
	ports, err := offered(info.Resources)
	if err != nil {
		return render.Task{}, err
	}
	t.Ports = ports
	nameByDiscovery(t.Ports, info.GetDiscovery())
	if assigned, ok := readAssignedTask(info.Data); ok {
		t.Job = !assigned.isService
		nameByAssignment(t.Ports, assigned.ports)
	}
	nameByEnvironment(t.Ports, t.Env)
	return t, nil
}

// environment is that of the task's command over that of its executor's:
// Marathon sets the first with a custom executor to the second.
func environment(info *mesos.TaskInfo) map[string]string {
	env := map[string]string{}
	for v := range variables(info) {
		if v.GetType() == mesos.Environment_Variable_VALUE && v.Value != nil {
			env[v.Name] = *v.Value
		}
	}
	if len(env) == 0 {
		return nil
	}
	return env
}

// SecretVariables are the names of the variables that the framework calls secret,
// of those that interpolation sees.
// Their values reach the executor by its own environment: the agent resolves them
// (mesos.proto, Environment.Variable).
func SecretVariables(info *mesos.TaskInfo) []string {
	var names []string
	for v := range variables(info) {
		if v.GetType() == mesos.Environment_Variable_SECRET && !setsMore(v.Name) {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// variables are those of the executor's command and, after them, of the task's.
func variables(info *mesos.TaskInfo) iter.Seq[mesos.Environment_Variable] {
	return func(yield func(mesos.Environment_Variable) bool) {
		for _, c := range []*mesos.CommandInfo{info.GetExecutor().GetCommand(), info.GetCommand()} {
			for _, v := range c.GetEnvironment().GetVariables() {
				if !yield(v) {
					return
				}
			}
		}
	}
}

func labels(l *mesos.Labels) map[string]string {
	if len(l.GetLabels()) == 0 {
		return nil
	}
	m := map[string]string{}
	for _, label := range l.GetLabels() {
		m[label.Key] = label.GetValue()
	}
	return m
}

// resources are those of the task and its executor together: the cgroup holds
// both.
func resources(info *mesos.TaskInfo) render.Resources {
	var r render.Resources
	for _, list := range [][]mesos.Resource{info.Resources, info.GetExecutor().GetResources()} {
		for _, res := range list {
			v := res.GetScalar().GetValue()
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
				continue
			}
			switch res.Name {
			case "cpus":
				r.CPUs += v
			case "mem":
				r.MemMB += v
			case "disk":
				r.DiskMB += v
			}
		}
	}
	return r
}

// offered are the ports of the task in the order of its resources' ranges,
// which agents keep.
func offered(list []mesos.Resource) ([]render.OfferedPort, error) {
	var ports []render.OfferedPort
	for _, res := range list {
		if res.Name != "ports" {
			continue
		}
		for _, r := range res.GetRanges().GetRange() {
			if r.Begin < 1 || r.End > math.MaxUint16 || r.Begin > r.End {
				return nil, fmt.Errorf("the port range %d-%d is none", r.Begin, r.End)
			}
			if uint64(len(ports))+r.End-r.Begin >= maxPorts {
				return nil, fmt.Errorf("more than %d ports are offered", maxPorts)
			}
			for n := r.Begin; n <= r.End; n++ {
				ports = append(ports, render.OfferedPort{Number: uint16(n)}) //nolint:gosec // checked above
			}
		}
	}
	return ports, nil
}

// nameByDiscovery takes names and protocols from the task's discovery ports. A
// number that is there for both protocols is for both.
func nameByDiscovery(ports []render.OfferedPort, d *mesos.DiscoveryInfo) {
	for i := range ports {
		for _, p := range d.GetPorts().GetPorts() {
			if p.Number != uint32(ports[i].Number) {
				continue
			}
			if ports[i].Name == "" {
				ports[i].Name = p.GetName()
			}
			ports[i].Protocol = merged(ports[i].Protocol, strings.ToLower(p.GetProtocol()))
		}
	}
}

func merged(a, b string) string {
	switch {
	case b != "tcp" && b != "udp": // Marathon writes "udp,tcp" for both
		return ""
	case a == "" || a == b:
		return b
	default:
		return ""
	}
}

func nameByAssignment(ports []render.OfferedPort, assigned map[string]uint16) {
	for i := range ports {
		for name, number := range assigned {
			// Several names of one port: the least, so that it is always the same.
			if number == ports[i].Number && (ports[i].Name == "" || name < ports[i].Name) {
				ports[i].Name = name
			}
		}
	}
}

// nameByEnvironment reads PORT_HTTP=31000 where nothing better names a port;
// PORT_31000=31000, which Marathon sets too, names none.
func nameByEnvironment(ports []render.OfferedPort, env map[string]string) {
	for i := range ports {
		if ports[i].Name != "" {
			continue
		}
		number := strconv.Itoa(int(ports[i].Number))
		for key, value := range env {
			name, ok := strings.CutPrefix(key, "PORT_")
			if name = strings.ToLower(name); !ok || value != number || name == number || name == "" {
				continue
			}
			if ports[i].Name == "" || name < ports[i].Name {
				ports[i].Name = name
			}
		}
	}
}
