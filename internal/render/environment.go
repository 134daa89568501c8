package render

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

func environmentRule(d *draft) {
	facts := Environment(d.in.Task, d.in.Settings)
	maps.DeleteFunc(facts, func(key, _ string) bool { return d.secret(key) }) // for the services that name it
	keys := sortedKeys(facts)
	d.changes = slices.Grow(d.changes, len(keys)*len(d.p.Services))
	d.eachOwn(func(name string, s *types.ServiceConfig) {
		own := s.Environment
		s.Environment = make(types.MappingWithEquals, len(own)+len(keys)) // grown at once: of 300 services each has 300 ports
		maps.Copy(s.Environment, own)
		for _, key := range keys {
			if _, ok := own[key]; ok {
				continue
			}
			s.Environment[key] = new(facts[key])
			d.changed("a fact of the task", "services", name, "environment", key)
		}
	})
}

// Environment is what every service of a pod finds in its environment, where
// its file does not set the key itself.
func Environment(t Task, s Settings) map[string]string {
	env := map[string]string{"PYTHONUNBUFFERED": "1"}
	for k, v := range t.Env {
		if passedOn(k) {
			env[k] = v
		}
	}
	for i, p := range t.Ports {
		number := strconv.Itoa(int(p.Number))
		env[fmt.Sprintf("PORT%d", i)] = number
		if p.Name != "" {
			env["PORT_"+envName(p.Name)] = number
		}
	}
	for k, v := range map[string]string{
		"MESOS_TASK_ID": t.ID, "MESOS_EXECUTOR_ID": t.ExecutorID,
		"MESOS_FRAMEWORK_ID": t.FrameworkID, "MESOS_AGENT_ID": t.AgentID,
	} {
		if v != "" {
			env[k] = v
		}
	}
	if s.PlainPort {
		plainPort(env, t)
	}
	return env
}

// plainPort sets the two names that frameworks give to a task of one process:
// the first port, and the host.
func plainPort(env map[string]string, t Task) {
	if len(t.Ports) > 0 {
		env["PORT"] = strconv.Itoa(int(t.Ports[0].Number))
	}
	if host := t.Env["HOST"]; host != "" {
		env["HOST"] = host
	}
}

// passedOn says whether a key of the task's environment is the services'
// business: not what describes the executor's own process or would break an
// image's, and not PORT and HOST, which are the host's and not theirs.
func passedOn(key string) bool {
	switch key {
	case "", "PORT", "HOST", "PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "TMPDIR", "HOSTNAME", "GODEBUG":
		return false
	}
	for _, prefix := range []string{"LD_", "DOCKER_", "COMPOSE_", "DCE_", "LIBPROCESS_"} {
		if strings.HasPrefix(key, prefix) {
			return false
		}
	}
	return true
}

// envName makes of a port's name what Marathon makes of it: upper case, every
// other character an underscore.
func envName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}
