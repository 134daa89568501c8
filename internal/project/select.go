package project

import "github.com/compose-spec/compose-go/v2/types"

// withSelected leaves the services of these names and what they need; no names
// leave all. compose-go would follow depends_on alone: what else makes one service
// need another it adds there when it normalises, which loading does without.
func withSelected(p *types.Project, names []string) (*types.Project, error) {
	if len(names) == 0 {
		return p, nil
	}
	p, err := p.WithServicesEnabled(names...)
	if err != nil {
		return nil, err
	}
	return p.WithSelectedServices(needed(p, names))
}

// needed adds to names the services that these mention, and those mention. One
// that is not enabled, or not there, is told by the checks.
func needed(p *types.Project, names []string) []string {
	var all []string
	seen := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		all = append(all, name)
		for _, r := range mentions(p.Services[name]) {
			if _, ok := p.Services[r.to]; ok {
				add(r.to)
			}
		}
	}
	for _, name := range names {
		add(name)
	}
	return all
}
