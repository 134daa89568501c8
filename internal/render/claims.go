package render

import (
	"fmt"

	"dce/internal/diag"
)

// claim is one service's wish for a value that the pod can have only once.
type claim struct {
	service string
	key     string
	pos     diag.Pos
}

// claims are who asked first for each value.
type claims map[string]claim

// settle gives the pod the value that a service asks for; a second service
// with another wish is an error that names both.
func settle(d *draft, seen *claims, have *string, want string, c claim) {
	if want == "" || *have == want {
		return
	}
	if *have == "" {
		*have = want
		if *seen == nil {
			*seen = claims{}
		}
		(*seen)[c.key] = c
		return
	}
	first, ok := (*seen)[c.key]
	if !ok {
		first = claim{service: InfraService, key: c.key}
	}
	d.problem(conflicting(c, first, want, *have))
}

func conflicting(second, first claim, want, have string) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "DCE113",
		Summary: fmt.Sprintf("%s of %s and %s differ: %s and %s", second.key, first.service, second.service, have, want),
		Detail:  "The services of a pod share one network namespace, so it can have only one value.",
		Hint:    fmt.Sprintf("give both the same %s, remove one, or give one of the services network_mode: host", second.key),
		Pos:     second.pos,
		Related: []diag.Related{{Pos: first.pos, Note: "the other is here"}},
	}
}
