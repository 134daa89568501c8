package render

import (
	"cmp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// infraNetwork is the key of the pre-existing network of Settings.InfraNetwork.
const infraNetwork = "dce-infra"

func networksRule(d *draft) {
	d.withInfra(func(infra *types.ServiceConfig) {
		joined := joined{d: d, infra: infra}
		d.joinPreExisting(infra)
		d.eachMember(func(name string, s *types.ServiceConfig) {
			for _, key := range d.networksOf(name, *s) {
				if plainNetwork(d.p.Networks[key]) {
					d.changedFrom(d.at("services", name, "networks", key),
						"the plain network "+key+" means nothing inside the pod's one namespace", "services", name, "networks")
					continue
				}
				joined.add(key, name, s.Networks[key])
			}
			s.Networks = nil
		})
		if len(infra.Networks) == 0 {
			d.write(&infra.NetworkMode, "bridge", "not a network of its own: an engine has addresses for about 30", "network_mode")
		}
	})
}

// networksOf are the networks that a service joins in the file; compose's
// implicit default network among them only where the file declares it.
func (d *draft) networksOf(name string, s types.ServiceConfig) []string {
	if len(s.Networks) > 0 {
		return sortedKeys(s.Networks)
	}
	switch mode := d.in.Project.Services[name].NetworkMode; {
	case mode == "":
		if _, declared := d.p.Networks["default"]; declared {
			return []string{"default"}
		}
		return nil
	case mode == "bridge", mode == "default", strings.HasPrefix(mode, types.ServicePrefix):
		return nil
	default:
		return []string{d.external(mode)}
	}
}

// external is the key of a network that network_mode names as the engine knows
// it; it is declared where the file does not.
func (d *draft) external(name string) string {
	for _, key := range d.p.NetworkNames() {
		if n := d.p.Networks[key]; bool(n.External) && nameOr(n.Name, key) == name {
			return key
		}
	}
	key := name
	for _, taken := d.p.Networks[key]; taken; _, taken = d.p.Networks[key] {
		key += "-external"
	}
	d.declare(key, name)
	return key
}

func (d *draft) declare(key, name string) {
	if d.p.Networks == nil {
		d.p.Networks = types.Networks{}
	}
	d.p.Networks[key] = types.NetworkConfig{Name: name, External: true}
}

// plainNetwork says that a network only connects the services of its file.
func plainNetwork(n types.NetworkConfig) bool {
	return !bool(n.External) && n.Driver == "" && len(n.DriverOpts) == 0 && !n.Internal &&
		n.Ipam.Driver == "" && len(n.Ipam.Config) == 0 && len(n.Ipam.Options) == 0 &&
		n.EnableIPv4 == nil && n.EnableIPv6 == nil
}

func (d *draft) joinPreExisting(infra *types.ServiceConfig) {
	name := d.in.Settings.InfraNetwork
	if name == "" {
		return
	}
	if _, ok := infra.Networks[infraNetwork]; ok {
		return
	}
	d.declare(infraNetwork, name)
	joinNetwork(infra, infraNetwork)
	d.changed("the network that the settings name", "services", InfraService, "networks", infraNetwork)
}

func joinNetwork(infra *types.ServiceConfig, key string) *types.ServiceNetworkConfig {
	if infra.Networks == nil {
		infra.Networks = map[string]*types.ServiceNetworkConfig{}
	}
	if infra.Networks[key] == nil {
		infra.Networks[key] = &types.ServiceNetworkConfig{}
	}
	return infra.Networks[key]
}

// joined collects what services ask of the networks that infra joins for them.
type joined struct {
	d     *draft
	infra *types.ServiceConfig
	seen  claims
}

// add joins one network for one service: its aliases are kept, and its name is
// one, since on that network others know it by it.
func (j *joined) add(key, service string, want *types.ServiceNetworkConfig) {
	have := joinNetwork(j.infra, key)
	if want == nil {
		want = &types.ServiceNetworkConfig{}
	}
	have.Aliases = union(have.Aliases, append([]string{service}, want.Aliases...))
	path := []string{"services", service, "networks", key}
	at := func(k string) claim {
		return claim{service: service, key: "networks." + key + "." + k, pos: j.d.at(append(clone(path), k)...)}
	}
	settle(j.d, &j.seen, &have.Ipv4Address, want.Ipv4Address, at("ipv4_address"))
	settle(j.d, &j.seen, &have.Ipv6Address, want.Ipv6Address, at("ipv6_address"))
	settle(j.d, &j.seen, &have.MacAddress, want.MacAddress, at("mac_address"))
	settle(j.d, &j.seen, &have.InterfaceName, want.InterfaceName, at("interface_name"))
	have.LinkLocalIPs = union(have.LinkLocalIPs, want.LinkLocalIPs)
	have.Priority = max(have.Priority, want.Priority)
	have.GatewayPriority = max(have.GatewayPriority, want.GatewayPriority)
	for _, k := range sortedKeys(want.DriverOpts) {
		if have.DriverOpts == nil {
			have.DriverOpts = types.Options{}
		}
		v := have.DriverOpts[k]
		settle(j.d, &j.seen, &v, want.DriverOpts[k], at("driver_opts."+k))
		have.DriverOpts[k] = v
	}
	j.d.changedFrom(j.d.at(path...), "joined by infra for "+service, "services", InfraService, "networks", key)
}

// union is both lists sorted, each value once.
func union[T cmp.Ordered](a, b []T) []T {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	return slices.Compact(all)
}
