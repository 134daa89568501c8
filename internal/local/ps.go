package local

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/render"
)

// Detail is one pod with its services.
type Detail struct {
	Row
	Containers []Container `json:"containers"`
	// Failed is the report of a pod that ended by itself, nil for others.
	Failed *Status `json:"report,omitempty"`
}

// Container is one container of a pod. Infra is among them: it holds the pod's
// network and publishes its ports.
type Container struct {
	ID       string    `json:"id"`
	Service  string    `json:"service"`
	Name     string    `json:"name"`
	Image    string    `json:"image"`
	State    string    `json:"state"`
	Health   string    `json:"health,omitempty"`
	ExitCode int       `json:"exit_code"`
	Created  time.Time `json:"created"`
	Ports    []Port    `json:"ports"`
}

// Ps looks at one pod.
func (m *Machine) Ps(ctx context.Context, id string) (Detail, error) {
	pods, err := m.Engine.Pods(ctx, map[string]string{render.LabelPod: id})
	if err != nil {
		return Detail{}, err
	}
	status, err := readStatus(m.Dirs.pod(id))
	known := err == nil
	switch {
	case len(pods) == 0 && !known:
		return Detail{}, noPod(id, m.names(ctx))
	case len(pods) == 0:
		return Detail{Row: m.pastRow(status), Failed: &status, Containers: []Container{}}, nil
	}
	d := Detail{Row: m.row(pods[0], status), Containers: []Container{}}
	if known && status.State.Terminal() {
		d.Failed = &status
	}
	owners := m.owners(ctx, id)
	for i, p := range d.Ports {
		d.Ports[i].Service = cmp.Or(p.Service, owners[portKey{p.ContainerPort, p.Protocol}])
	}
	for _, c := range pods[0].Containers {
		d.Containers = append(d.Containers, containerOf(c, d.Ports))
	}
	slices.SortFunc(d.Containers, func(a, b Container) int {
		return cmp.Or(boolCompare(a.Service == render.InfraService, b.Service == render.InfraService), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name))
	})
	return d, nil
}

// containerOf gives each service the ports that infra publishes for it.
func containerOf(c engine.ContainerSummary, ports []Port) Container {
	out := Container{
		ID: c.ID, Service: c.Service, Name: c.Name, Image: c.Image, State: c.State, Health: c.Health,
		ExitCode: c.ExitCode, Created: c.Created, Ports: []Port{},
	}
	for _, p := range ports {
		if p.Service == c.Service || p.Service == "" && c.Service == render.InfraService {
			out.Ports = append(out.Ports, p)
		}
	}
	return out
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// portKey is a port inside the pod: one network namespace, so it has one owner.
type portKey struct {
	port     uint16
	protocol string
}

// LogsOptions select lines of a pod.
type LogsOptions struct {
	ID       string
	Services []string
	Follow   bool
	// Since leaves out the lines before; zero is from the beginning.
	Since time.Time
	// Tail is how many of the last lines of each container are wanted; negative is
	// all.
	Tail int
}

// engine is the same in the engine's words.
func (o LogsOptions) engine(services []string) engine.LogOptions {
	e := engine.LogOptions{Services: services, Follow: o.Follow, Tail: "all"}
	if o.Tail >= 0 {
		e.Tail = strconv.Itoa(o.Tail)
	}
	if !o.Since.IsZero() {
		e.Since = o.Since.Format(time.RFC3339Nano)
	}
	return e
}

// Logs reads what a pod's services wrote, or what is left of it.
func (m *Machine) Logs(ctx context.Context, o LogsOptions, line func(engine.LogLine)) error {
	d, err := m.Ps(ctx, o.ID)
	if err != nil {
		return err
	}
	if err := known(d, o.Services); err != nil {
		return err
	}
	if len(d.Containers) == 0 && d.Failed != nil && d.Keeper != lease.Alive {
		m.lastWords(d.Failed, o.Services, line)
		return nil
	}
	services := o.Services
	if len(services) == 0 {
		services = slices.DeleteFunc(slices.Clone(d.Services), func(s string) bool { return s == render.InfraService })
	}
	silent := true
	err = m.Engine.Logs(ctx, o.ID, o.engine(services), func(l engine.LogLine) {
		silent = false
		line(l)
	})
	if err == nil && silent && o.Since.IsZero() && d.Failed != nil && len(d.Failed.Logs) > 0 { // its containers went while they were read
		m.lastWords(d.Failed, o.Services, line)
	}
	return err
}

// lastWords shows what was saved of a pod that ended by itself.
func (m *Machine) lastWords(s *Status, services []string, line func(engine.LogLine)) {
	m.Screen.Say("pod %s is gone (%s); these are the last lines that were saved", s.PodID, cmp.Or(s.Reason, string(s.State)))
	if len(services) > 0 && !slices.Contains(services, s.Service) {
		return
	}
	for _, l := range s.Logs {
		line(engine.LogLine{Service: s.Service, Text: l})
	}
}

// known refuses services that the pod does not have. Of a pod without
// containers no services are known.
func known(d Detail, services []string) error {
	if len(d.Containers) == 0 {
		return nil
	}
	for _, s := range services {
		if s != render.InfraService && !slices.Contains(d.Services, s) {
			return unknownService(s, d.Services)
		}
	}
	return nil
}
