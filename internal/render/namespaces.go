package render

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// namespacesRule shares pid and ipc through infra where the settings ask for
// it. What a file says of its own services' namespaces stays as it is.
func namespacesRule(d *draft) {
	d.withInfra(func(infra *types.ServiceConfig) {
		if d.in.Settings.ShareIPC && infra.Ipc != "shareable" {
			infra.Ipc = "shareable"
			d.changed("lends its ipc namespace to the pod", "services", InfraService, "ipc")
		}
	})
	d.eachOwn(func(name string, s *types.ServiceConfig) {
		if d.in.Settings.SharePID {
			d.share(name, s, "pid", &s.Pid)
		}
		if d.in.Settings.ShareIPC {
			d.share(name, s, "ipc", &s.Ipc)
		}
		if s.Uts != "" && s.Uts != "host" {
			d.problem(utsShared(name, s.Uts, d.at("services", name, "uts")))
			d.changed("Docker cannot share uts", "services", name, "uts")
			s.Uts = ""
		}
	})
}

func (d *draft) share(name string, s *types.ServiceConfig, key string, mode *string) {
	if *mode == sharesPod || *mode != "" && strings.HasPrefix(*mode, types.ServicePrefix) || *mode == "host" {
		return
	}
	*mode = sharesPod
	d.changed("the settings share it in the pod", "services", name, key)
	d.depend(name, s, InfraService, "infra owns the "+key+" namespace")
}
