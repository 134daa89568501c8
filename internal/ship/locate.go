package ship

import (
	"regexp"
	"strconv"
	"strings"

	"dce/internal/diag"
)

// locateSetting finds where a setting stands, or the innermost part of its
// path that does.
func (l *loaded) locateSetting(setting string) diag.Pos {
	for path := setting; path != ""; path, _, _ = cutLast(path) {
		if pos, ok := l.config().Locate(path); ok {
			return pos
		}
	}
	return diag.Pos{File: l.config().Path}
}

func cutLast(path string) (before, after string, found bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// locateInApp finds what a part of the app was made of, by its path as Marathon
// has it: /constraints(0), /env(A)/secret, of a group /apps(0)/cpus.
func (l *loaded) locateInApp(path string) diag.Pos {
	key := pathInApp(path)
	for len(key) > 1 && (key[0] == "apps" || key[0] == "groups") && isNumber(key[1]) {
		key = key[2:]
	}
	if len(key) == 0 {
		return diag.Pos{File: l.config().Path}
	}
	if key[0] == "fetch" {
		return l.locateFetch(key[1:])
	}
	raw := "marathon." + strings.Join(key, ".")
	if pos, ok := l.config().Locate(raw); ok {
		return pos
	}
	setting := l.settingOf(key)
	switch _, replaced := l.config().App.Marathon[key[0]]; {
	case setting != "":
		return l.locateSetting(setting)
	case replaced:
		return l.locateSetting(raw)
	case key[0] == "portDefinitions":
		return l.locatePort(key[1:])
	}
	return diag.Pos{File: l.config().Path}
}

// pathInApp takes a path of Marathon's apart. A key in brackets is whole: it
// may hold anything.
func pathInApp(path string) []string {
	var keys []string
	for _, part := range regexp.MustCompile(`\([^)]+\)|\[[^]]+\]|[^/()\[\].]+`).FindAllString(path, -1) {
		keys = append(keys, strings.Trim(part, "()[]"))
	}
	return keys
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}

// settingOf is the setting that a part of the app was made of, "" for what dce
// adds.
func (l *loaded) settingOf(key []string) string {
	rest := strings.Join(key[1:], ".")
	if _, replaced := l.config().App.Marathon[key[0]]; replaced && !keyByKey(key[0]) {
		return ""
	}
	switch key[0] {
	case "env", "secrets":
		return l.variableOf(key)
	case "labels":
		if _, ours := l.config().App.Labels[rest]; rest != "" && !ours {
			return ""
		}
	case "healthChecks":
		if len(key) > 1 {
			key = key[1:] // there is one
		}
		return below("app.health", healthSettings(), key[1:])
	case "upgradeStrategy":
		return below("app.upgrade", upgradeSettings(), key[1:])
	}
	if s, ok := appSettings()[key[0]]; ok {
		return strings.TrimSuffix(s+"."+rest, ".")
	}
	return ""
}

// keyByKey: the raw block is merged into these.
func keyByKey(key string) bool { return key == "env" || key == "labels" || key == "secrets" }

func appSettings() map[string]string {
	return map[string]string{
		"id": "app.id", "instances": "app.instances", "cpus": "resources.cpus", "mem": "resources.mem", "disk": "resources.disk",
		"executorResources": "resources.executor", "labels": "app.labels", "constraints": "app.constraints", "role": "app.role",
		"acceptedResourceRoles": "app.accepted_roles", "taskKillGracePeriodSeconds": "app.kill_grace", "executor": "target.executor",
	}
}

func healthSettings() map[string]string {
	return map[string]string{
		"protocol": "check", "command": "check", "gracePeriodSeconds": "grace", "intervalSeconds": "interval", "timeoutSeconds": "timeout",
		"maxConsecutiveFailures": "failures",
	}
}

func upgradeSettings() map[string]string {
	return map[string]string{"minimumHealthCapacity": "min_healthy", "maximumOverCapacity": "max_over"}
}

// below is a setting of a group by the name that Marathon has for it.
func below(group string, names map[string]string, key []string) string {
	if len(key) == 0 || names[key[0]] == "" {
		return group
	}
	return group + "." + names[key[0]]
}

// variableOf is where a variable of the executor, or the secret in it, is set.
func (l *loaded) variableOf(key []string) string {
	if len(key) < 2 {
		return map[string]string{"env": "app.env", "secrets": "app.secrets"}[key[0]]
	}
	for name := range l.config().App.Secrets {
		if strings.EqualFold(secretVariable(name), key[1]) {
			return "app.secrets." + name
		}
	}
	return "app." + strings.Join(key[:2], ".")
}

// locateFetch finds what is fetched: the executor, then app.fetch, the bundle,
// and what the raw block adds.
func (l *loaded) locateFetch(key []string) diag.Pos {
	if len(key) == 0 {
		return l.locateSetting("app.fetch")
	}
	n, err := strconv.Atoi(key[0])
	if err != nil {
		return l.locateSetting("app.fetch")
	}
	bundles := 0
	if l.uploaded {
		bundles = 1
	}
	for _, part := range []struct {
		setting string
		size    int
	}{{"target.executor.uris", len(l.config().Target.ExecutorURIs)}, {"app.fetch", len(l.config().App.Fetch)}, {"target.artifacts.url", bundles}} {
		if n < part.size {
			return l.locateSetting(part.setting + "." + strconv.Itoa(n))
		}
		n -= part.size
	}
	return l.locateSetting("marathon.fetch." + strings.Join(append([]string{strconv.Itoa(n)}, key[1:]...), "."))
}

// locatePort finds the port of a service that a port definition is for; all of
// them are at the first.
func (l *loaded) locatePort(key []string) diag.Pos {
	n := 0
	if len(key) > 0 {
		n, _ = strconv.Atoi(key[0]) // another text is about all of them
	}
	if n < 0 || n >= len(l.ports) {
		return l.project.Locate("services")
	}
	return l.project.Locate("services", l.ports[n].Service, "ports", strconv.Itoa(l.ports[n].Index))
}
