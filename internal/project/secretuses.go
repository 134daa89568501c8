package project

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// hideSecrets lets every environment key that a secret gives its value be a secret,
// and every variable that is one; another use of a secret is an error. What is to be
// deployed is looked at by who deploys it, and its bundle has been.
func (s *session) hideSecrets(merged *types.Project) {
	if s.options.Deploy || s.options.Values != nil || s.options.NoInterpolate {
		return
	}
	u := newUsage(s)
	u.secretVariables(merged)
	if len(u.secret) == 0 {
		return
	}
	u.follow(merged)
	for _, path := range u.misused {
		if len(path) == 2 { // of an env file: it becomes a key of the services that have it
			u.keys[path[1]] = true
			continue
		}
		s.add(diag.List{Misused(path, s.locator.locate(path...))})
	}
	declared := s.config.Render.Secrets
	maps.DeleteFunc(u.keys, func(key string, _ bool) bool { return slices.Contains(declared, key) })
	s.config.Render.Secrets = slices.Concat(declared, slices.Sorted(maps.Keys(u.keys)))
}

// Misused says that a secret is used where it would be seen, by the path to there.
func Misused(at []string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE705", Summary: fmt.Sprintf("a secret is used in %s", strings.Join(at[1:], ".")), Pos: pos,
		Detail: "Only a service's environment may hold one, where its value is filled in when the container is created. Anywhere else it would stand in the rendered file and in the engine's answers.",
		Hint:   "pass it in the environment and let the service read it there, or make it a compose secret",
	}
}
