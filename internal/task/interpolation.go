package task

import (
	"maps"
	"strings"

	"dce/internal/render"
)

// Interpolation is what ${...} in compose files sees of a task, in every front:
// the environment that the job and the agent have given the executor, and above it
// what its services find in theirs.
func Interpolation(t render.Task, s render.Settings) map[string]string {
	env := map[string]string{}
	maps.Copy(env, t.Env)
	maps.Copy(env, t.AgentEnv)
	maps.DeleteFunc(env, func(key, _ string) bool { return setsMore(key) })
	maps.Copy(env, render.Environment(t, s))
	for _, key := range []string{"PORT", "HOST"} { // as the framework set them
		if v, ok := t.Env[key]; ok {
			env[key] = v
		}
	}
	return env
}

// setsMore says that a key is more than a value to fill in: a project takes
// COMPOSE_* and DCE_* for settings, and on an agent those are not the job's.
func setsMore(key string) bool {
	for _, prefix := range []string{"COMPOSE_", "DCE_", "LD_"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return key == ""
}
