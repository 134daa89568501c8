package ship

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dce/internal/bundle"
	"dce/internal/project"
)

// pack makes the bundle.
func (l *loaded) pack(o Options, secrets *secretPlan) (bundle.Bundle, error) {
	files, err := l.collect()
	if err != nil {
		return bundle.Bundle{}, err
	}
	l.redact(secrets, files)
	m, err := l.manifest(o, secrets)
	if err != nil {
		return bundle.Bundle{}, err
	}
	return bundle.Pack(m, files)
}

func (l *loaded) manifest(o Options, secrets *secretPlan) (bundle.Manifest, error) {
	c := collector{root: l.parts.Root}
	dir, _ := c.relative(l.parts.Dir)
	m := bundle.Manifest{
		Version: o.Version, Project: l.project.Compose.Name, Environment: o.Project.Environment, Dir: dir,
		Values: l.parts.Values, Profiles: slices.Clone(l.project.Compose.Profiles), Images: l.images, Settings: settings(l.config()),
		Secrets: secrets.sources, Left: secrets.left,
	}
	if len(l.parts.Keys) > 0 {
		m.Settings["secrets"] = strings.Join(l.parts.Keys, ",")
	}
	for _, f := range l.project.Files {
		rel, ok := c.relative(f)
		if !ok {
			return m, fmt.Errorf("packing %s: it is outside of the project", f)
		}
		m.Files = append(m.Files, rel)
	}
	return m, nil
}

// settings are the pod's own that somebody has set, as texts.
func settings(c project.Config) map[string]string {
	all := map[string]string{}
	for _, s := range c.Origins() {
		if s.Origin.Kind != project.OriginDefault && travels(s.Path) {
			all[s.Path] = text(s.Value)
		}
	}
	return all
}

// travels: what the agent decides with. The rest is for the scheduler, or for
// the deployer's machine.
func travels(path string) bool {
	return slices.ContainsFunc([]string{"kind", "infra", "share", "plain_port", "secrets", "timeouts", "keep_failed"}, func(key string) bool {
		return path == key || strings.HasPrefix(path, key+".")
	})
}

func text(v any) string {
	switch v := v.(type) {
	case []string:
		return strings.Join(v, ",")
	case time.Duration:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

// Files are the paths in a bundle, sorted, for people.
func Files(b bundle.Bundle) []string {
	paths := map[string]bool{}
	for _, f := range b.Files {
		paths[filepath.ToSlash(f.Path)] = true
	}
	return slices.Sorted(maps.Keys(paths))
}
