package scheduler

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// bound is the least value of a number of the JSON, from the RAML of Marathon's API.
type bound struct {
	path  []string // of the field; "*" stands for every item of a list
	least float64
	most  float64 // 0 means no bound
}

func bounds() []bound {
	return []bound{
		{[]string{"backoffFactor"}, 1, 0},
		{[]string{"backoffSeconds"}, 0, 0},
		{[]string{"cpus"}, 0.001, 0},
		{[]string{"disk"}, 0, 0},
		{[]string{"gpus"}, 0, 0},
		{[]string{"instances"}, 0, 0},
		{[]string{"maxLaunchDelaySeconds"}, 0, 0},
		{[]string{"mem"}, 0, 0},
		{[]string{"taskKillGracePeriodSeconds"}, 0, 0},
		{[]string{"executorResources", "cpus"}, 0.1, 0},
		{[]string{"executorResources", "mem"}, 32, 0},
		{[]string{"executorResources", "disk"}, 10, 0},
		{[]string{"upgradeStrategy", "minimumHealthCapacity"}, 0, 1},
		{[]string{"upgradeStrategy", "maximumOverCapacity"}, 0, 1},
		{[]string{"portDefinitions", "*", "port"}, 0, 65535},
		{[]string{"healthChecks", "*", "gracePeriodSeconds"}, 0, 0},
		{[]string{"healthChecks", "*", "intervalSeconds"}, 0, 0},
		{[]string{"healthChecks", "*", "maxConsecutiveFailures"}, 0, 0},
		{[]string{"healthChecks", "*", "delaySeconds"}, 0, 0},
	}
}

// checkNumbers finds numbers that are out of bounds where they were sent: that is a fault of the JSON to Marathon.
func checkNumbers(o object) error {
	var found problems
	for _, b := range bounds() {
		b.check(o, b.path, "", &found)
	}

	return found.err(true)
}

func (b bound) check(value any, path []string, at string, found *problems) {
	switch v := value.(type) {
	case object:
		if len(path) > 0 {
			b.check(v[path[0]], path[1:], at+"/"+path[0], found)
		}
	case []any:
		for i, item := range v {
			if len(path) > 0 && path[0] == "*" {
				b.check(item, path[1:], fmt.Sprintf("%s(%d)", at, i), found)
			}
		}
	case json.Number:
		n, _ := v.Float64() // its kind was checked
		if n < b.least {
			found.add(at, "error.min")
		}
		if b.most > 0 && n > b.most {
			found.add(at, "error.max")
		}
	}
}

func checkDeprecated(a *App, old deprecated) error {
	var found problems
	switch {
	case len(old.URIs) > 0 && len(a.Fetch) > 0:
		found.add("uris", "may not be set in conjunction with fetch")
	case old.PortsGiven && a.PortDefinitions != nil && !slices.Equal(old.Ports, a.ServicePorts()):
		found.add("/", "cannot specify both ports and port definitions")
	case old.IPAddress != nil && len(a.Networks) > 0:
		found.add("/", "must not specify both networks and ipAddress")
	}
	if hasTwice(old.Ports) {
		found.add("/", "ports must be unique")
	}

	return found.err(false)
}

func hasTwice(ports []int) bool {
	seen := map[int]bool{}
	for _, p := range ports {
		if p != 0 && seen[p] {
			return true
		}
		seen[p] = true
	}

	return false
}

// validate checks a definition by Marathon's rules, in its words (api/v2/validation/AppValidation.scala).
func (a *App) validate() error {
	var found problems
	for _, check := range []func(*problems){
		a.checkID, a.checkCommand, a.checkPorts, a.checkHealth, a.checkReadiness, a.checkFetch, a.checkFeatures, a.checkSecrets,
		a.checkConstraints, a.checkUpgrade, a.checkNames,
	} {
		check(&found)
	}

	return found.err(false)
}

func (a *App) checkID(found *problems) {
	if a.ID == "/" {
		found.add("/id", "must not be root")
		found.add("/id", "Path must contain at least one path element")
	}
	if problem := idProblem(a.ID); problem != "" {
		found.add("/id", "%s", problem)
	}
	for i, d := range a.Dependencies {
		if problem := idProblem(d); problem != "" {
			found.add(fmt.Sprintf("/dependencies(%d)", i), "%s", problem)
		}
	}
}

func (a *App) checkCommand(found *problems) {
	hasCmd, hasArgs := a.Cmd != nil, len(a.Args) > 0
	if hasCmd == hasArgs && (hasCmd || a.Container == nil) {
		found.add("/", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
	}
	if hasCmd && len([]rune(*a.Cmd)) < 2 {
		found.add("/cmd", "must not be an empty string")
	}
	if !regexp.MustCompile(`^((//cmd)|(/?[^/]+(/[^/]+)*)|)$`).MatchString(a.Executor) {
		found.add("/executor", "error.pattern")
	}
}

func (a *App) checkPorts(found *problems) {
	if hasTwice(a.ServicePorts()) {
		found.add("/portDefinitions", "Ports must be unique.")
	}
	seen := map[string]bool{}
	for i, d := range a.PortDefinitions {
		at := fmt.Sprintf("/portDefinitions(%d)", i)
		if d.Name != "" && seen[d.Name] {
			found.add("/portDefinitions", "Port names must be unique.")
		}
		seen[d.Name] = true
		if d.Name != "" && !regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`).MatchString(d.Name) {
			found.add(at+"/name", "error.pattern")
		}
		if !slices.Contains([]string{"tcp", "udp", "udp,tcp"}, d.Protocol) {
			found.add(at+"/protocol", "error.unknown.enum.literal")
		}
	}
	for _, n := range a.Networks {
		if n.Mode != "host" && len(a.PortDefinitions) > 0 {
			found.add("/", "portDefinitions are only allowed with host-networking")
		}
		if !slices.Contains([]string{"host", "container", "container/bridge"}, n.Mode) {
			found.add("/networks", "error.unknown.enum.literal")
		}
	}
}

func (a *App) checkHealth(found *problems) {
	mesos := 0
	for i, h := range a.HealthChecks {
		at := fmt.Sprintf("/healthChecks(%d)", i)
		switch {
		case !isMesosProtocol(h.Protocol) && !slices.Contains([]string{"HTTP", "HTTPS", "TCP"}, h.Protocol):
			found.add(at+"/protocol", "error.unknown.enum.literal")
		case h.Protocol == "COMMAND" && h.Command == nil:
			found.add(at, "COMMAND health checks must define a command")
		case !isMesosProtocol(h.Protocol) && h.Port == nil && (*h.PortIndex < 0 || *h.PortIndex >= len(a.PortDefinitions)):
			found.add(at, "Health check port indices must address an element of the ports array or container port mappings.")
		}
		if h.IPProtocol != "IPv4" {
			found.add(at, "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks")
		}
		if isMesosProtocol(h.Protocol) && h.Command == nil {
			mesos++
		}
	}
	if mesos > 1 {
		found.add("/", "AppDefinition can contain at most one Mesos health check")
	}
}

func (a *App) checkReadiness(found *problems) {
	if len(a.ReadinessChecks) > 1 {
		found.add("/readinessChecks", "got %d, expected 1 or less", len(a.ReadinessChecks))
	}
	for i, r := range a.ReadinessChecks {
		at := fmt.Sprintf("/readinessChecks(%d)", i)
		if !slices.ContainsFunc(a.PortDefinitions, func(d PortDefinition) bool { return d.Name == r.PortName }) {
			found.add(at+"/portName", "No port definition reference for portName %s", r.PortName)
		}
		if *r.TimeoutSeconds >= *r.IntervalSeconds {
			found.add(at+"/timeoutSeconds", "got %d, expected less than %d", *r.TimeoutSeconds, *r.IntervalSeconds)
		}
	}
}

func (a *App) checkFetch(found *problems) {
	for i, f := range a.Fetch {
		if f.URI == "" || strings.ContainsAny(f.URI, " \t\n\"<>") {
			found.add(fmt.Sprintf("/fetch(%d)/uri", i), "URI has invalid syntax.")
		}
	}
}

const missingFeature = "Feature %[1]s is not enabled. Enable with --enable_features %[1]s)"

// checkFeatures refuses what needs a feature or a plugin that is not there.
func (a *App) checkFeatures(found *problems) {
	if a.GPUs > 0 {
		found.add("/", missingFeature, "gpu_resources")
	}
}

// checkRole refuses a role that this Marathon has not (util/RoleSettings.scala).
func (a *App) checkRole(role string, found *problems) {
	if a.Role != role {
		found.add("/role", "got %s, expected one of: [%s]", a.Role, role)
	}
}

// checkNoSecrets refuses every use of secrets.
func (a *App) checkNoSecrets(found *problems) {
	if len(a.Secrets) > 0 {
		found.add("/secrets", missingFeature, "secrets")
	}
	for _, key := range sortedKeys(a.Env) {
		if _, refers := a.Env[key].(object); refers {
			found.add("/env("+key+")", missingFeature, "secrets")
		}
	}
}

// checkSecrets refuses what refers to nothing (api/v2/validation/SecretValidation.scala).
func (a *App) checkSecrets(found *problems) {
	for _, name := range sortedKeys(a.Secrets) {
		if a.SecretSource(name) == "" {
			found.add("/secrets("+name+")/source", "must not be empty")
		}
	}
	for _, key := range sortedKeys(a.Env) {
		switch v := a.Env[key].(type) {
		case string:
		case object:
			name, _ := v["secret"].(string)
			if _, defined := a.Secrets[name]; !defined {
				found.add("/env("+key+")/secret", "references an undefined secret")
			}
		default:
			found.add("/env/"+key, "error.expected.jsstring")
		}
	}
}

// SecretSource is where the value of a secret is kept, "" if the app defines none of this name.
func (a *App) SecretSource(name string) string {
	definition, _ := a.Secrets[name].(object)
	source, _ := definition["source"].(string)

	return source
}

func (a *App) checkConstraints(found *problems) {
	operators := []string{"UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS"}
	for i, c := range a.Constraints {
		at := fmt.Sprintf("/constraints(%d)", i)
		switch {
		case len(c) < 2 || len(c) > 3:
			found.add(at, "Each constraint must have either 2 or 3 fields")
		case !slices.Contains(operators, c[1]):
			found.add(at, "Constraint operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS")
		case c[1] == "UNIQUE" && len(c) > 2:
			found.add(at, "Value specified but not used")
		case slices.Contains([]string{"LIKE", "UNLIKE", "IS", "MAX_PER"}, c[1]) && len(c) < 3:
			found.add(at, "A value was expected but not provided")
		}
	}
}

func (a *App) checkUpgrade(found *problems) {
	if !a.Singleton() {
		return
	}
	if a.Instances > 1 {
		found.add("/", "MARATHON_SINGLE_INSTANCE_APP requires instances <= 1")
	}
	if *a.UpgradeStrategy.MinimumHealthCapacity != 0 || *a.UpgradeStrategy.MaximumOverCapacity != 0 {
		found.add("/upgradeStrategy", "upgradeStrategy must be 0 for minimumHealthCapacity and maximumOverCapacity for single instance apps")
	}
}

func (a *App) checkNames(found *problems) {
	if !slices.Contains([]string{"YOUNGEST_FIRST", "OLDEST_FIRST"}, a.KillSelection) {
		found.add("/killSelection", "error.unknown.enum.literal")
	}
}
