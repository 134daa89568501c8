package ship

import (
	"fmt"
	"strings"

	"dce/internal/bundle"
	"dce/internal/diag"
)

func notInline(b bundle.Bundle, limit int, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE710", Summary: fmt.Sprintf("the bundle is too large for a label: %s, compressed, where target.artifacts.inline allows %s", bundle.Size(len(b.Data)), bundle.Size(limit)), Pos: pos,
		Detail: bundle.Largest(b.Files),
		Hint:   "set target.artifacts.url to a directory that dce may PUT to and agents fetch from, or put what is large into an image",
	}
}

// locateSetting finds where a setting stands, or the innermost part of its
// path that does.
func (l *loaded) locateSetting(setting string) diag.Pos {
	c := l.config()
	for path := setting; path != ""; path, _, _ = cutLast(path) {
		for _, s := range c.Origins() { // sorted: a setting itself comes before those below it
			if (s.Path == path || strings.HasPrefix(s.Path, path+".")) && s.Origin.Pos.Line > 0 {
				return s.Origin.Pos
			}
		}
	}
	return diag.Pos{File: c.Path}
}

func cutLast(path string) (before, after string, found bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// locateInApp finds what a part of the app was made of.
func (l *loaded) locateInApp(path string) diag.Pos {
	key := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '(' || r == ')' || r == '[' || r == ']' || r == '.' })
	if len(key) == 0 {
		return diag.Pos{File: l.config().Path}
	}
	if _, raw := l.config().App.Marathon[key[0]]; raw {
		return l.locateSetting("marathon." + key[0])
	}
	settings := map[string]string{
		"id": "app.id", "instances": "app.instances", "cpus": "resources.cpus", "mem": "resources.mem", "disk": "resources.disk",
		"executorResources": "resources.executor", "labels": "app.labels", "env": "app.env", "secrets": "app.secrets", "fetch": "app.fetch",
		"constraints": "app.constraints", "role": "app.role", "acceptedResourceRoles": "app.accepted_roles", "upgradeStrategy": "app.upgrade",
		"healthChecks": "app.health", "taskKillGracePeriodSeconds": "app.kill_grace", "executor": "target.executor",
	}
	if key[0] == "portDefinitions" {
		return l.project.Locate("services")
	}
	if s, ok := settings[key[0]]; ok {
		return l.locateSetting(strings.Join(append([]string{s}, key[1:]...), "."))
	}
	return diag.Pos{File: l.config().Path}
}

func limitAbovePod(service string, limit, mem float64, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE709", Summary: fmt.Sprintf("the memory limit of %s, %.0f MiB, is above the whole pod's, %.0f MiB", service, limit, mem), Pos: pos,
		Detail: "The scheduler gives the pod resources.mem for all of its services together.",
		Hint:   fmt.Sprintf("set resources.mem to %.0fM or more, or lower the limit", limit),
	}
}

func reservedAbovePod(reserved, mem float64, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE709", Summary: fmt.Sprintf("the services reserve %.0f MiB of memory, the pod has %.0f MiB", reserved, mem), Pos: pos,
		Detail: "The scheduler gives the pod resources.mem for all of its services together.",
		Hint:   fmt.Sprintf("set resources.mem to %.0fM or more", reserved),
	}
}

func noMemory(limited float64, pos diag.Pos) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE714", Severity: diag.Warning, Summary: fmt.Sprintf("no memory is set for the pod: it gets %d MiB", defaultMem), Pos: pos,
		Detail: "That is Marathon's default. What takes more is killed.",
		Hint:   "set resources.mem of the environment, or give every service a mem_limit, to take their sum",
	}
	if limited > 0 {
		d.Detail += fmt.Sprintf(" The limits of some services alone come to %.0f MiB.", limited)
	}
	return d
}
