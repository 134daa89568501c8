package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// ownerKey is the extension in which a port of infra says whose it is, so that
// a rendered file still tells the port map.
const ownerKey = "x-dce-service"

// PortRequest is one host port that a pod needs: one offered port serves it.
// The port rule takes requests in the order of PublishedPorts.
type PortRequest struct {
	Service string
	// Index is its place in the service's list of ports; of several, the first.
	Index int
	// Name is the port's name in the file, empty for most.
	Name string
	// Wanted is the host port that the file asks for, zero when it leaves it
	// open; for a range its first, with WantedEnd the last.
	Wanted, WantedEnd uint16
	// Ports are what shares that host port: usually one, two for a tcp and udp
	// pair, more where a port is published on several addresses.
	Ports []PortMapping
}

// Protocols are those that the host port must be free for, sorted.
func (r PortRequest) Protocols() []string {
	var protocols []string
	for _, p := range r.Ports {
		protocols = append(protocols, p.Protocol)
	}
	return union(protocols, nil)
}

// PublishedPorts lists the host ports that a project needs as a pod, in the
// order in which the port rule takes offered ones: services by name, a
// service's ports in file order. Services outside the pod's network are left
// out: they publish nothing.
func PublishedPorts(p *types.Project) []PortRequest {
	d := draft{p: p} // only read, so not a copy
	members := d.members()
	if infra, ok := d.p.Services[InfraService]; ok && isInfra(infra) {
		members = append(members, InfraService)
	}
	var all []published
	for _, name := range members {
		all = append(all, publishedBy(name, d.p.Services[name].Ports)...)
	}
	requests := []PortRequest{}
	for _, g := range grouped(all) {
		requests = append(requests, g.request())
	}
	return requests
}

// published is a port of a service that is to have a host port.
type published struct {
	service string // whose it is in the file
	index   int    // in that service's list
	config  types.ServicePortConfig
}

// group is what shares one host port.
type group []published

func publishedBy(service string, ports []types.ServicePortConfig) []published {
	all := make([]published, len(ports))
	for i, p := range ports {
		all[i] = published{service: service, index: i, config: p}
		if owner, ok := p.Extensions[ownerKey].(string); ok {
			all[i].service = owner
		}
	}
	return all
}

// grouped puts together what one host port serves: the same number published
// for several protocols, or on several addresses.
func grouped(ports []published) []group {
	var groups []group
	byWanted := map[string]int{}
	for _, p := range ports {
		wanted := p.config.Published
		i, ok := byWanted[wanted]
		if !ok || wanted == "" || groups[i].overlaps(p) {
			byWanted[wanted] = len(groups)
			groups = append(groups, group{p})
			continue
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

// overlaps says that the engine would refuse both on one host port.
func (g group) overlaps(p published) bool {
	return slices.ContainsFunc(g, func(q published) bool {
		a, b := q.config.HostIP, p.config.HostIP
		return protocol(q.config) == protocol(p.config) && (a == b || anyAddress(a) || anyAddress(b))
	})
}

func anyAddress(ip string) bool { return ip == "" || ip == "0.0.0.0" || ip == "::" }

func protocol(p types.ServicePortConfig) string {
	if p.Protocol == "" {
		return "tcp"
	}
	return strings.ToLower(p.Protocol)
}

func (g group) request() PortRequest {
	r := PortRequest{Service: g[0].service, Index: g[0].index}
	r.Wanted, r.WantedEnd = wantedPorts(g[0].config.Published)
	for _, p := range g {
		r.Ports = append(r.Ports, p.mapping())
		if r.Name == "" {
			r.Name = p.config.Name
		}
	}
	return r
}

func (p published) mapping() PortMapping {
	wanted, _ := wantedPorts(p.config.Published)
	return PortMapping{
		Service: p.service, Name: p.config.Name, Protocol: protocol(p.config), HostIP: p.config.HostIP,
		ContainerPort: uint16(p.config.Target), Wanted: wanted, //nolint:gosec // compose-go has checked the range
	}
}

// wantedPorts reads "8080" or "8080-8090"; zeros for what names no port.
func wantedPorts(s string) (first, last uint16) {
	a, b, ranged := strings.Cut(s, "-")
	first = portNumber(a)
	if ranged {
		last = portNumber(b)
	}
	return first, last
}

func portNumber(s string) uint16 {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// portsRule gives every published port a host port of the task's offer and
// moves it to infra.
func portsRule(d *draft) {
	d.dropPortsOutside()
	d.withInfra(func(infra *types.ServiceConfig) {
		all := publishedBy(InfraService, infra.Ports)
		infra.Ports = nil
		d.eachMember(func(name string, s *types.ServiceConfig) {
			all = append(all, publishedBy(name, s.Ports)...)
			if len(s.Ports) > 0 {
				d.changedFrom(d.at("services", name, "ports"), "infra publishes them", "services", name, "ports")
			}
			s.Ports = nil
		})
		groups := grouped(all)
		hosts := assign(groups, d.in.Task.Ports)
		for i, g := range groups {
			d.publish(infra, g, hosts[i])
		}
		d.missingPorts(groups, hosts)
	})
}

// publish adds the ports of one group to infra; with no host port for them the
// file's own stays, beside the error that says so.
func (d *draft) publish(infra *types.ServiceConfig, g group, host uint16) {
	for _, p := range g {
		c, m := p.config, p.mapping()
		m.HostPort = host
		d.ports = append(d.ports, m)
		if host != 0 {
			c.Published = strconv.Itoa(int(host))
		}
		if p.service != InfraService {
			c.Extensions = withOwner(c.Extensions, p.service)
		}
		index := strconv.Itoa(len(infra.Ports))
		infra.Ports = append(infra.Ports, c)
		d.changedFrom(d.at("services", p.service, "ports", strconv.Itoa(p.index)),
			fmt.Sprintf("port %d/%s of %s%s", m.ContainerPort, m.Protocol, p.service, insteadOf(p.config.Published)),
			"services", InfraService, "ports", index, "published")
	}
}

func insteadOf(published string) string {
	if published == "" {
		return ""
	}
	return ", which the file publishes on " + published
}

func withOwner(have types.Extensions, owner string) types.Extensions {
	with := types.Extensions{ownerKey: owner}
	for k, v := range have {
		if k != ownerKey {
			with[k] = v
		}
	}
	return with
}

// assign finds a host port for each group: first by name, then in order, by
// protocol where the offer tells protocols apart; what is left serves any, since
// Mesos offers numbers and binds nobody to a protocol. Zero where none is left.
func assign(groups []group, offer []OfferedPort) []uint16 {
	left := distinct(offer)
	hosts := make([]uint16, len(groups))
	byName := shipped(groups)
	for _, fits := range []func(group, OfferedPort) bool{
		named,
		func(g group, p OfferedPort) bool { return p.Name != "" && g[0].is(byName[p.Name]) },
		func(g group, p OfferedPort) bool { return speaks(g, p) || !anySpeaks(g, offer) },
		func(group, OfferedPort) bool { return true },
	} {
		for i, g := range groups {
			if hosts[i] != 0 {
				continue
			}
			n := slices.IndexFunc(left, func(p OfferedPort) bool { return fits(g, p) })
			if n >= 0 {
				hosts[i] = left[n].Number
				left = slices.Delete(left, n, n+1)
			}
		}
	}
	return hosts
}

// shipped are the groups by the names that a deployment gives their ports.
func shipped(groups []group) map[string]published {
	var requests []PortRequest
	for _, g := range groups {
		requests = append(requests, g.request())
	}
	byName := map[string]published{}
	for i, name := range PortNames(requests) {
		byName[name] = groups[i][0]
	}
	return byName
}

func (p published) is(q published) bool { return p.service == q.service && p.index == q.index }

// distinct are the offered ports, each number once: one that is offered for
// several protocols serves all.
func distinct(offer []OfferedPort) []OfferedPort {
	var once []OfferedPort
	for _, p := range offer {
		i := slices.IndexFunc(once, func(q OfferedPort) bool { return q.Number == p.Number })
		switch {
		case p.Number == 0:
		case i < 0:
			once = append(once, p)
		case once[i].Protocol != p.Protocol:
			once[i].Protocol = ""
		}
	}
	return once
}

func named(g group, offered OfferedPort) bool {
	return slices.ContainsFunc(g, func(p published) bool {
		return p.config.Name != "" && p.config.Name == offered.Name
	})
}

// speaks says that an offered port is for all protocols of a group.
func speaks(g group, offered OfferedPort) bool {
	return offered.Protocol == "" || !slices.ContainsFunc(g, func(p published) bool {
		return !strings.EqualFold(protocol(p.config), offered.Protocol)
	})
}

func anySpeaks(g group, offer []OfferedPort) bool {
	return slices.ContainsFunc(offer, func(p OfferedPort) bool { return speaks(g, p) })
}

// missingPorts is one error for all ports that the offer has none for.
func (d *draft) missingPorts(groups []group, hosts []uint16) {
	var names []string
	var places []diag.Pos
	for i, g := range groups {
		if hosts[i] != 0 {
			continue
		}
		p := g[0]
		names = append(names, fmt.Sprintf("%s %d/%s", p.service, p.config.Target, strings.Join(g.request().Protocols(), "+")))
		places = append(places, d.at("services", p.service, "ports", strconv.Itoa(p.index)))
	}
	if len(names) > 0 {
		d.problem(tooFewPorts(len(groups), len(d.in.Task.Ports), names, places))
	}
}

// dropPortsOutside drops ports where the engine publishes none.
func (d *draft) dropPortsOutside() {
	d.eachOwn(func(name string, s *types.ServiceConfig) {
		if s.NetworkMode == sharesPod || len(s.Ports) == 0 {
			return
		}
		d.problem(portsOutside(name, s.NetworkMode, d.at("services", name, "ports")))
		d.changed("nothing is published for network_mode "+s.NetworkMode, "services", name, "ports")
		s.Ports = nil
	})
}
