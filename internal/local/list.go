package local

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/pod"
	"dce/internal/render"
)

// Row is one pod of this machine.
type Row struct {
	ID    string `json:"id"`
	Front string `json:"front"`
	// Keeper is alive, gone (the pod is unattended) or unknown.
	Keeper lease.State `json:"keeper"`
	// Evidence is how that is known.
	Evidence string `json:"evidence,omitempty"`
	// State is where the pod stands; that of a pod without a keeper is what its
	// containers say.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	// Kept: the pod has ended, and its containers are kept for inspection.
	Kept     bool      `json:"kept,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Services []string  `json:"services"`
	Ports    []Port    `json:"ports"`
}

// Port is one published port of a pod.
type Port struct {
	Service       string `json:"service,omitempty"`
	HostIP        string `json:"host_ip,omitempty"`
	HostPort      uint16 `json:"host_port"`
	ContainerPort uint16 `json:"container_port"`
	Protocol      string `json:"protocol"`
}

// String is the port as `docker ps` shows it, short.
func (p Port) String() string {
	return fmt.Sprintf("%s->%d/%s", hostAddress(p.HostIP, p.HostPort), p.ContainerPort, p.Protocol)
}

// hostAddress is where a published port is reached from this machine.
func hostAddress(ip string, port uint16) string {
	if anyAddress(ip) {
		ip = "localhost"
	}
	return net.JoinHostPort(ip, strconv.Itoa(int(port)))
}

// List finds every pod of this machine: by the labels of containers, whoever
// started them, and those that failed by the reports they left.
func (m *Machine) List(ctx context.Context) ([]Row, error) {
	pods, err := m.Engine.Pods(ctx, nil)
	if err != nil {
		return nil, err
	}
	statuses, err := m.Dirs.statuses()
	if err != nil {
		return nil, err
	}
	byID := map[string]Status{}
	for _, s := range statuses {
		byID[s.PodID] = s
	}
	rows := []Row{}
	for _, p := range pods {
		rows = append(rows, m.row(p, byID[p.PodID]))
		delete(byID, p.PodID)
	}
	for _, s := range byID {
		rows = append(rows, m.pastRow(s))
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.ID, b.ID) })
	return rows, nil
}

func (m *Machine) row(p engine.Summary, s Status) Row {
	v := lease.Here().Judge(identityOf(p.Labels))
	r := Row{
		ID: p.PodID, Front: p.Labels[render.LabelFront], Keeper: v.State, Evidence: v.Reason,
		State: stateOf(p), Services: []string{}, Ports: portsOf(p),
	}
	switch {
	case v.State == lease.Alive && s.State != "":
		r.State, r.Reason = string(s.State), s.Reason
	case s.State.Terminal() && r.State == stateEnded:
		r.State, r.Reason, r.Kept = string(s.State), s.Reason, true
	}
	for _, c := range p.Containers {
		if r.Created.IsZero() || c.Created.Before(r.Created) {
			r.Created = c.Created
		}
		if c.Service != render.InfraService && !slices.Contains(r.Services, c.Service) {
			r.Services = append(r.Services, c.Service)
		}
	}
	slices.Sort(r.Services)
	return r
}

// pastRow is a pod without containers: one that is about to have some, or one
// that left only its report.
func (m *Machine) pastRow(s Status) Row {
	r := Row{
		ID: s.PodID, Front: render.FrontLocal, Keeper: lease.Gone, State: string(s.State), Reason: s.Reason,
		Created: s.Since, Services: []string{}, Ports: []Port{},
	}
	if m.held(s.PodID) {
		r.Keeper = lease.Alive
	} else if !s.State.Terminal() {
		r.State, r.Reason = string(pod.Failed), "its keeper was killed before it had containers"
	}
	return r
}

// stateEnded is that of a pod of which no container runs.
const stateEnded = "exited"

// stateOf is what the containers alone say: running when all but those that
// ended well run.
func stateOf(p engine.Summary) string {
	running, ended := 0, 0
	for _, c := range p.Containers {
		switch {
		case c.State == "running" && c.Health == "unhealthy":
			return "unhealthy"
		case c.State == "running":
			running++
		case c.State == "exited" && c.ExitCode != 0:
			ended++
		}
	}
	switch {
	case running == 0:
		return stateEnded
	case ended > 0:
		return "degraded"
	}
	return "running"
}

func portsOf(p engine.Summary) []Port {
	all := []Port{}
	for _, c := range p.Containers {
		service := c.Service
		if service == render.InfraService {
			service = ""
		}
		for _, port := range c.Ports {
			all = append(all, Port{service, port.HostIP, port.HostPort, port.ContainerPort, port.Protocol})
		}
	}
	slices.SortFunc(all, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.ContainerPort, b.ContainerPort), cmp.Compare(a.HostPort, b.HostPort), strings.Compare(a.Protocol, b.Protocol))
	})
	return all
}
