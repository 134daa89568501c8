package engine

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// dependency is one edge of a pod's start order.
type dependency struct {
	on        string
	condition string
	// optional: its failure holds nobody up.
	optional bool
}

// waits reports whether the dependency must reach a condition beyond being
// started.
func (d dependency) waits() bool {
	return d.condition == types.ServiceConditionHealthy || d.condition == types.ServiceConditionCompletedSuccessfully
}

// dependencies are the edges of every service, sorted by service: what
// depends_on says, and what the engine itself needs to be running first, which
// only a normalised project holds in depends_on too.
func dependencies(p *types.Project) map[string][]dependency {
	all := map[string][]dependency{}
	for name, s := range p.Services {
		edges := map[string]dependency{}
		for _, on := range needed(s) {
			edges[on] = dependency{on: on, condition: types.ServiceConditionStarted}
		}
		for on, d := range s.DependsOn {
			edges[on] = dependency{on: on, condition: cmp.Or(d.Condition, types.ServiceConditionStarted), optional: !d.Required}
		}
		maps.DeleteFunc(edges, func(on string, _ dependency) bool {
			_, ok := p.Services[on]
			return !ok
		})
		for _, on := range slices.Sorted(maps.Keys(edges)) {
			all[name] = append(all[name], edges[on])
		}
	}
	return all
}

// needed are the services whose container must run, or exist, before this one
// can start.
func needed(s types.ServiceConfig) []string {
	var on []string
	for _, mode := range []string{s.NetworkMode, s.Ipc, s.Pid} {
		if name, ok := strings.CutPrefix(mode, types.ServicePrefix); ok {
			on = append(on, name)
		}
	}
	for _, from := range s.VolumesFrom {
		if name, _, _ := strings.Cut(from, ":"); name != "container" {
			on = append(on, name)
		}
	}
	for _, link := range s.Links {
		name, _, _ := strings.Cut(link, ":")
		on = append(on, name)
	}
	return on
}

// holder is the service that can be started as soon as it was created: it
// depends on none and others live in its network, so nothing can start before
// it. Empty when the pod has none.
func holder(p *types.Project, edges map[string][]dependency) string {
	for _, name := range p.ServiceNames() {
		network, ok := strings.CutPrefix(p.Services[name].NetworkMode, types.ServicePrefix)
		if ok && len(edges[network]) == 0 && !special(p.Services[network]) {
			return network
		}
	}
	return ""
}

// special reports whether compose does something for the service around its
// start: hooks run, or secrets and configs are copied in.
func special(s types.ServiceConfig) bool {
	return len(s.PreStart)+len(s.PostStart)+len(s.Secrets)+len(s.Configs) > 0
}
