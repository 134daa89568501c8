package project

import (
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/types"
)

// Move makes a project look as if it had been loaded below another directory:
// what it names below from is named below to. An empty from changes nothing.
func Move(p *types.Project, from, to string) {
	if from == "" {
		return
	}
	move := func(path string) string {
		rel, err := filepath.Rel(from, path)
		if err != nil || !filepath.IsAbs(path) || !filepath.IsLocal(rel) {
			return path
		}
		return filepath.Join(to, rel)
	}
	p.WorkingDir = move(p.WorkingDir)
	for _, s := range p.Services {
		for i := range s.Volumes {
			if s.Volumes[i].Type == types.VolumeTypeBind {
				s.Volumes[i].Source = move(s.Volumes[i].Source)
			}
		}
		if s.Build != nil {
			s.Build.Context = move(s.Build.Context)
		}
	}
	for name, c := range p.Configs {
		c.File = move(c.File)
		p.Configs[name] = c
	}
	for name, c := range p.Secrets {
		c.File = move(c.File)
		p.Secrets[name] = c
	}
}
