package render

import (
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// checksRule says what cannot work in a pod, or works differently there. It
// changes nothing.
func checksRule(d *draft) {
	d.checkListeners()
	d.checkCycles()
	for _, name := range d.p.ServiceNames() {
		if s := d.p.Services[name]; !isInfra(s) {
			d.checkService(name, s)
		}
	}
	d.checkNetworks()
}

func (d *draft) checkService(name string, s types.ServiceConfig) {
	at := func(keys ...string) diag.Pos { return d.at(append([]string{"services", name}, keys...)...) }
	if s.Provider != nil {
		d.problem(providerService(name, s.Provider.Type, at("provider")))
	}
	d.checkImage(name, s, at)
	if s.Logging != nil && s.Logging.Driver == "none" {
		d.problem(noLogs(name, at("logging", "driver")))
	}
	if other, ok := strings.CutPrefix(s.NetworkMode, types.ContainerPrefix); ok {
		d.problem(otherContainer(name, other, at("network_mode")))
	}
	d.checkMemory(name, s, at)
	d.checkNoEffect(name, s, at)
	d.checkVolumes(name, s, at)
}

// place finds where a key of a service stands.
type place func(keys ...string) diag.Pos

func (d *draft) checkImage(name string, s types.ServiceConfig, at place) {
	if s.Build != nil && s.Build.DockerfileInline != "" {
		d.problem(inlineDockerfile(name, at("build", "dockerfile_inline")))
	}
	switch {
	case s.Image == "" && s.Build != nil && d.in.Settings.Cluster:
		d.problem(buildOnly(name, at("build")))
	case s.Image != "" && s.Build == nil && !pinned(s.Image):
		d.problem(unpinned(name, s.Image, d.in.Settings.Cluster, at("image")))
	}
}

// pinned says that an image is named by digest or by a tag that is not latest.
func pinned(image string) bool {
	if strings.Contains(image, "@sha256:") {
		return true
	}
	_, tag, ok := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	return ok && tag != "latest"
}

func (d *draft) checkMemory(name string, s types.ServiceConfig, at place) {
	limit, key := MemoryLimit(s)
	const mib = 1 << 20
	if task := d.in.Task.Resources.MemMB; task > 0 && float64(limit) > task*mib {
		d.problem(memoryAboveTask(name, float64(limit)/mib, task, at(key...)))
	}
}

// MemoryLimit is a service's own limit in bytes, 0 where it has none, and the
// key that says it: compose knows two, which may not differ.
func MemoryLimit(s types.ServiceConfig) (limit types.UnitBytes, key []string) {
	if s.Deploy != nil && s.Deploy.Resources.Limits != nil && s.Deploy.Resources.Limits.MemoryBytes > 0 {
		return s.Deploy.Resources.Limits.MemoryBytes, []string{"deploy", "resources", "limits", "memory"}
	}
	return s.MemLimit, []string{"mem_limit"}
}

// checkNoEffect notes keys that only an orchestrator of many machines reads.
func (d *draft) checkNoEffect(name string, s types.ServiceConfig, at place) {
	if s.Deploy == nil {
		return
	}
	for _, k := range []struct {
		key string
		set bool
	}{
		{"mode", s.Deploy.Mode != "" && s.Deploy.Mode != "replicated"},
		{"update_config", s.Deploy.UpdateConfig != nil},
		{"rollback_config", s.Deploy.RollbackConfig != nil},
		{"placement", len(s.Deploy.Placement.Constraints)+len(s.Deploy.Placement.Preferences) > 0},
		{"endpoint_mode", s.Deploy.EndpointMode != ""},
	} {
		if k.set {
			d.problem(noEffect(name, "deploy."+k.key, at("deploy", k.key)))
		}
	}
}

// windowsPath is what compose-go makes of n:/x: the path of a drive.
func windowsPath(file string) bool {
	return len(file) > 2 && file[1] == ':' && file[2] == '/' &&
		strings.ContainsAny(strings.ToLower(file[:1]), "abcdefghijklmnopqrstuvwxyz")
}

// optionsForTarget says that compose-go has taken n:/x:ro for the drive's directory,
// mounted at ro: no place in a container is relative.
func optionsForTarget(v types.ServiceVolumeConfig) bool {
	return v.Type == types.VolumeTypeBind && windowsPath(v.Source) && !strings.HasPrefix(v.Target, "/") && !windowsPath(v.Target)
}

func (d *draft) checkVolumes(name string, s types.ServiceConfig, at place) {
	for i, v := range s.Volumes {
		pos := at("volumes", strconv.Itoa(i))
		switch {
		case v.Type == types.VolumeTypeVolume && v.Source == "" && windowsPath(v.Target):
			d.problem(oneLetterVolume(name, v.Target, "compose makes a nameless volume at "+v.Target+" and the data is lost with the pod", pos))
		case optionsForTarget(v):
			d.problem(oneLetterVolume(name, v.Source+":"+v.Target, "compose mounts the directory "+v.Source+" of the host at "+v.Target, pos))
		case v.Type == types.VolumeTypeBind && !v.ReadOnly && d.onHost(v.Source):
			d.problem(sharedOnHost("the writable bind mount "+v.Source+" of "+name, pos))
		}
	}
	if s.MacAddress != "" {
		d.problem(sharedOnHost("mac_address of "+name, at("mac_address")))
	}
}

// onHost says that a path is the host's and not the project's own: two pods on
// one host then write the same. A socket under /run is there to be shared.
func (d *draft) onHost(path string) bool {
	if strings.HasPrefix(path, "/run/") || strings.HasPrefix(path, "/var/run/") || strings.HasPrefix(path, "/dev/") {
		return false
	}
	return !within(path, d.in.Project.WorkingDir) && !within(path, d.in.Task.Sandbox)
}

// checkNetworks warns of what two pods of one file cannot both have.
func (d *draft) checkNetworks() {
	for _, key := range d.p.NetworkNames() {
		n := d.p.Networks[key]
		if n.External {
			continue
		}
		for _, pool := range n.Ipam.Config {
			if pool != nil && pool.Subnet != "" {
				d.problem(sharedOnHost("the subnet "+pool.Subnet+" of network "+key, d.at("networks", key, "ipam", "config")))
			}
		}
		if bridge := n.DriverOpts["com.docker.network.bridge.name"]; bridge != "" {
			d.problem(sharedOnHost("the bridge name "+bridge+" of network "+key, d.at("networks", key, "driver_opts")))
		}
	}
	for _, name := range d.in.Project.ServiceNames() {
		for _, key := range sortedKeys(d.in.Project.Services[name].Networks) {
			n := d.in.Project.Services[name].Networks[key]
			if _, kept := d.p.Networks[key]; n != nil && kept && n.Ipv4Address+n.Ipv6Address+n.MacAddress != "" {
				d.problem(sharedOnHost("the fixed address of "+name+" on network "+key, d.at("services", name, "networks", key)))
			}
		}
	}
}

// checkCycles finds services that wait for each other. The loader has seen
// depends_on only; links and the like are part of it by now.
func (d *draft) checkCycles() {
	c := cycles{services: d.p.Services, done: map[string]bool{}}
	for _, name := range d.p.ServiceNames() {
		if cycle := c.from(name, nil); cycle != nil {
			d.problem(cyclic(cycle, d.at("services", cycle[0])))
			return
		}
	}
}

type cycles struct {
	services types.Services
	done     map[string]bool
}

func (c cycles) from(name string, path []string) []string {
	if i := slices.Index(path, name); i >= 0 {
		return append(slices.Clone(path[i:]), name)
	}
	if c.done[name] {
		return nil
	}
	for _, next := range sortedKeys(c.services[name].DependsOn) {
		if cycle := c.from(next, append(path, name)); cycle != nil {
			return cycle
		}
	}
	c.done[name] = true
	return nil
}
