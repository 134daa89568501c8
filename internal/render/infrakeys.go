package render

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// infraKeysRule moves to infra what belongs to the network namespace.
func infraKeysRule(d *draft) {
	d.withInfra(func(infra *types.ServiceConfig) {
		m := mover{d: d, infra: infra, seen: claims{}}
		d.eachMember(func(name string, s *types.ServiceConfig) {
			m.scalars(name, s)
			m.lists(name, s)
			m.hosts(name, s)
			m.sysctls(name, s)
			m.links(name, s)
		})
		m.hostname(infra)
	})
}

// mover moves keys from the services to infra.
type mover struct {
	d         *draft
	infra     *types.ServiceConfig
	seen      claims
	hostnames []hostname
}

type hostname struct {
	service, value string
	pos            diag.Pos
}

func (m *mover) at(service, key string) claim {
	return claim{service: service, key: key, pos: m.d.at("services", service, key)}
}

func (m *mover) moved(service, key string) {
	m.d.changedFrom(m.d.at("services", service, key), key+" of "+service+" belongs to the shared network", "services", InfraService, key)
	m.d.changed("moved to infra", "services", service, key)
}

func (m *mover) scalars(name string, s *types.ServiceConfig) {
	if s.Hostname != "" {
		m.hostnames = append(m.hostnames, hostname{name, s.Hostname, m.d.at("services", name, "hostname")})
		s.Hostname = ""
	}
	m.scalar(name, "domainname", &s.DomainName, &m.infra.DomainName)
	m.scalar(name, "mac_address", &s.MacAddress, &m.infra.MacAddress)
}

func (m *mover) scalar(service, key string, from, to *string) {
	if *from == "" {
		return
	}
	settle(m.d, &m.seen, to, *from, m.at(service, key))
	*from = ""
	m.moved(service, key)
}

func (m *mover) lists(name string, s *types.ServiceConfig) {
	m.list(name, "dns", (*[]string)(&s.DNS), (*[]string)(&m.infra.DNS))
	m.list(name, "dns_search", (*[]string)(&s.DNSSearch), (*[]string)(&m.infra.DNSSearch))
	m.list(name, "dns_opt", &s.DNSOpts, &m.infra.DNSOpts)
	if len(s.Expose) > 0 {
		m.infra.Expose = union(m.infra.Expose, s.Expose)
		s.Expose = nil
		m.moved(name, "expose")
	}
}

// list moves a list whose order counts: two services must agree on all of it.
func (m *mover) list(service, key string, from, to *[]string) {
	if len(*from) == 0 {
		return
	}
	have := strings.Join(*to, ", ")
	settle(m.d, &m.seen, &have, strings.Join(*from, ", "), m.at(service, key))
	if len(*to) == 0 {
		*to = slices.Clone(*from)
	}
	*from = nil
	m.moved(service, key)
}

func (m *mover) hosts(name string, s *types.ServiceConfig) {
	if len(s.ExtraHosts) == 0 {
		return
	}
	for _, host := range sortedKeys(s.ExtraHosts) {
		addHost(m.infra)
		have := strings.Join(m.infra.ExtraHosts[host], ",")
		settle(m.d, &m.seen, &have, strings.Join(s.ExtraHosts[host], ","), claim{
			service: name, key: "extra_hosts of " + host, pos: m.d.at("services", name, "extra_hosts", host),
		})
		if m.infra.ExtraHosts[host] == nil {
			m.infra.ExtraHosts[host] = s.ExtraHosts[host]
		}
	}
	s.ExtraHosts = nil
	m.moved(name, "extra_hosts")
}

func addHost(infra *types.ServiceConfig) {
	if infra.ExtraHosts == nil {
		infra.ExtraHosts = types.HostsList{}
	}
}

// sysctls moves those of net.*: the others belong to namespaces that each
// container has of its own.
func (m *mover) sysctls(name string, s *types.ServiceConfig) {
	for _, key := range sortedKeys(s.Sysctls) {
		if !strings.HasPrefix(key, "net.") {
			continue
		}
		if m.infra.Sysctls == nil {
			m.infra.Sysctls = types.Mapping{}
		}
		have := m.infra.Sysctls[key]
		settle(m.d, &m.seen, &have, s.Sysctls[key], claim{
			service: name, key: "sysctls " + key, pos: m.d.at("services", name, "sysctls", key),
		})
		m.infra.Sysctls[key] = have
		delete(s.Sysctls, key)
		m.d.changedFrom(m.d.at("services", name, "sysctls", key), "of "+name+": belongs to the shared network", "services", InfraService, "sysctls", key)
	}
	if len(s.Sysctls) == 0 {
		s.Sysctls = nil
	}
}

// links become names of the pod (see namesRule); links to containers of others
// go to infra.
func (m *mover) links(name string, s *types.ServiceConfig) {
	if len(s.Links) > 0 {
		s.Links = nil
		m.d.changedFrom(m.d.at("services", name, "links"), "the names resolve to 127.0.0.1 in the pod", "services", name, "links")
	}
	if len(s.ExternalLinks) > 0 {
		m.infra.ExternalLinks = union(m.infra.ExternalLinks, s.ExternalLinks)
		s.ExternalLinks = nil
		m.moved(name, "external_links")
	}
}

// hostname gives the pod the one hostname that its services ask for. A
// hostname that is the name of a service says nothing that the pod's names do
// not say already, and would give that name two addresses in /etc/hosts: it
// never counts against another, and alone it becomes NAME-pod.
func (m *mover) hostname(infra *types.ServiceConfig) {
	var own []hostname
	for _, h := range m.hostnames {
		if _, ok := m.d.p.Services[h.value]; ok {
			own = append(own, h)
			continue
		}
		settle(m.d, &m.seen, &infra.Hostname, h.value, m.at(h.service, "hostname"))
		m.moved(h.service, "hostname")
	}
	for _, h := range own {
		instead := ""
		if infra.Hostname == "" && len(own) == 1 {
			infra.Hostname = podHostname(h.value, m.d.p.Services)
			instead = infra.Hostname
			m.d.changedFrom(h.pos, h.value+" is a service, so the pod is called "+instead, "services", InfraService, "hostname")
		}
		m.d.changed("a pod is not called as one of its services", "services", h.service, "hostname")
		m.d.problem(hostnameDropped(h, instead))
	}
}

func podHostname(name string, services types.Services) string {
	for name += "-pod"; ; name += "-pod" {
		if _, ok := services[name]; !ok {
			return name
		}
	}
}
