package render

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

func lifecycleRule(d *draft) {
	d.eachOwn(func(name string, s *types.ServiceConfig) {
		d.removeRestart(name, s)
		d.dependOnReferences(name, s)
	})
}

// removeRestart removes both: deploy.restart_policy overrides restart.
func (d *draft) removeRestart(name string, s *types.ServiceConfig) {
	if s.Restart != "" {
		d.changedFrom(d.at("services", name, "restart"), "was "+s.Restart+", the framework restarts pods", "services", name, "restart")
		s.Restart = ""
	}
	if s.Deploy != nil && s.Deploy.RestartPolicy != nil {
		d.changedFrom(d.at("services", name, "deploy", "restart_policy"), "removed, the framework restarts pods", "services", name, "deploy", "restart_policy")
		s.Deploy.RestartPolicy = nil
	}
}

// dependOnReferences writes down the order that compose reads out of other
// keys: the project is not normalised, and links go away.
func (d *draft) dependOnReferences(name string, s *types.ServiceConfig) {
	for _, link := range s.Links {
		other, _, _ := strings.Cut(link, ":")
		d.depend(name, s, other, "links name that service")
	}
	for _, shared := range []string{s.Ipc, s.Pid} {
		if other, ok := strings.CutPrefix(shared, types.ServicePrefix); ok {
			d.depend(name, s, other, "ipc or pid names that service")
		}
	}
	for _, from := range s.VolumesFrom {
		if strings.HasPrefix(from, types.ContainerPrefix) {
			continue
		}
		other, _, _ := strings.Cut(from, ":")
		d.depend(name, s, other, "volumes_from names that service")
	}
}
