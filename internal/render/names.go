package render

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// localhost is where every name of the pod leads. IPv4 only: Docker disables
// IPv6 in the namespace, also on lo.
const localhost = "127.0.0.1"

// namesRule lets every name by which a service of the pod is known resolve to
// the pod itself.
func namesRule(d *draft) {
	d.withInfra(func(infra *types.ServiceConfig) {
		addHost(infra)
		d.resolve(infra, InfraService, InfraService)
		d.eachMember(func(name string, s *types.ServiceConfig) {
			for _, host := range d.knownAs(name, *s) {
				d.resolve(infra, host, name)
			}
		})
	})
}

func (d *draft) resolve(infra *types.ServiceConfig, host, service string) {
	have := infra.ExtraHosts[host]
	if slices.Equal(have, []string{localhost}) {
		return
	}
	if len(have) > 0 {
		by := d.extraHost(host)
		d.problem(nameTaken(host, service, have, by, d.at("services", by, "extra_hosts", host)))
		return
	}
	infra.ExtraHosts[host] = []string{localhost}
	d.changed(host+" is in this pod", "services", InfraService, "extra_hosts", host+"="+localhost)
}

// knownAs are a service's names in its compose file: its own, its container's,
// its aliases on any network, and what links of others call it.
func (d *draft) knownAs(name string, s types.ServiceConfig) []string {
	names := []string{name}
	if s.ContainerName != "" {
		names = append(names, strings.TrimPrefix(s.ContainerName, d.p.Name+"_"))
	}
	in := d.in.Project.Services[name]
	for _, n := range in.Networks {
		if n != nil {
			names = append(names, n.Aliases...)
		}
	}
	for _, link := range in.Links {
		if _, alias, ok := strings.Cut(link, ":"); ok {
			names = append(names, alias)
		}
	}
	return union(names, nil)
}

// extraHost is the service whose extra_hosts gives that host another address.
func (d *draft) extraHost(host string) string {
	for _, name := range d.in.Project.ServiceNames() {
		if _, ok := d.in.Project.Services[name].ExtraHosts[host]; ok {
			return name
		}
	}
	return InfraService
}
