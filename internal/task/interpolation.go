package task

import "dce/internal/render"

// Interpolation is what ${...} in compose files sees of a task, in every front:
// what its services find in their environment, and PORT and HOST as the
// framework set them.
func Interpolation(t render.Task, s render.Settings) map[string]string {
	env := render.Environment(t, s)
	for _, key := range []string{"PORT", "HOST"} {
		if v, ok := t.Env[key]; ok {
			env[key] = v
		}
	}
	return env
}
