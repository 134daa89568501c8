package render

import (
	"cmp"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// BuiltinInfraImage is the infra image that dce carries in itself and makes on
// the engine before it starts a pod: it is in no registry.
const BuiltinInfraImage = "dce/infra:1"

// sharesPod is the network_mode of every service in the pod's namespace.
const sharesPod = types.ServicePrefix + InfraService

// collapseRule moves every service that can share into infra's network
// namespace.
func collapseRule(d *draft) {
	if s, ok := d.p.Services[InfraService]; ok && !isInfra(s) {
		d.problem(infraTaken(d.at("services", InfraService)))
		return
	}
	members := d.members()
	if len(members) == 0 && !d.in.Settings.SharePID && !d.in.Settings.ShareIPC {
		return
	}
	d.addInfra()
	for _, name := range members {
		s := d.p.Services[name]
		d.join(name, &s)
		d.p.Services[name] = s
	}
}

// members are the services that share the pod's network, by name.
func (d *draft) members() []string {
	var members []string
	for _, name := range d.p.ServiceNames() {
		if s := d.p.Services[name]; !isInfra(s) && s.Provider == nil && d.shares(name, map[string]bool{}) {
			members = append(members, name)
		}
	}
	return members
}

// shares follows network_mode: service:x to its end: a service that borrows
// the network of one that keeps its own keeps it too.
func (d *draft) shares(name string, seen map[string]bool) bool {
	mode := d.p.Services[name].NetworkMode
	switch {
	case mode == sharesPod, seen[name]:
		return true
	case mode == "host", mode == "none", strings.HasPrefix(mode, types.ContainerPrefix):
		return false
	}
	seen[name] = true
	if other, ok := strings.CutPrefix(mode, types.ServicePrefix); ok {
		return d.shares(other, seen)
	}
	return true
}

func (d *draft) join(name string, s *types.ServiceConfig) {
	if s.NetworkMode != sharesPod {
		if other, ok := strings.CutPrefix(s.NetworkMode, types.ServicePrefix); ok {
			d.depend(name, s, other, "its network_mode named that service")
		}
		from := d.at("services", name, "network_mode")
		s.NetworkMode = sharesPod
		d.changedFrom(from, "shares the pod's network", "services", name, "network_mode")
	}
	d.depend(name, s, InfraService, "infra owns the network")
}

// depend makes a service start after another, as compose itself does for a
// reference to a service, without changing a condition that the file sets.
func (d *draft) depend(name string, s *types.ServiceConfig, on, reason string) {
	if _, ok := s.DependsOn[on]; ok || on == name {
		return
	}
	if s.DependsOn == nil {
		s.DependsOn = types.DependsOnConfig{}
	}
	s.DependsOn[on] = types.ServiceDependency{Condition: types.ServiceConditionStarted, Restart: true, Required: true}
	d.changed(reason, "services", name, "depends_on", on)
}

// addInfra adds the infra container, unless the input was rendered before.
func (d *draft) addInfra() {
	infra, ok := d.p.Services[InfraService]
	if !ok {
		infra = types.ServiceConfig{Name: InfraService, Labels: types.Labels{}}
		d.changed("holds the pod's network namespace and publishes its ports", "services", InfraService)
	}
	d.write(&infra.Image, cmp.Or(d.in.Settings.InfraImage, BuiltinInfraImage), "what holds the namespace", "image")
	policy := ""
	if infra.Image == BuiltinInfraImage {
		policy = types.PullPolicyNever
	}
	d.write(&infra.PullPolicy, policy, "made on the engine, no registry has it", "pull_policy")
	infra.NetworkMode = "" // networksRule settles it
	if infra.Labels[LabelInfra] == "" {
		infra.Labels[LabelInfra] = "true"
		d.changed("tells it from a service", "services", InfraService, "labels", LabelInfra)
	}
	d.p.Services[InfraService] = infra
}

// write sets a key of infra and records it where it was another.
func (d *draft) write(to *string, value, reason, key string) {
	if *to == value {
		return
	}
	*to = value
	d.changed(reason, "services", InfraService, key)
}
