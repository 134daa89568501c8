package engine

import (
	"strings"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/types/container"
)

// dependents says, for each container by its index, which others must end
// before it: those whose depends_on names its service (compose keeps that in a
// label) and those that live in its network. A cycle, which only labels of a
// stranger could hold, is cut.
func dependents(all []container.Summary) [][]int {
	before := make([][]int, len(all))
	for i, c := range all {
		on := dependsOn(c)
		for j, o := range all {
			if i == j {
				continue
			}
			if on[o.Labels[api.ServiceLabel]] || c.HostConfig.NetworkMode == "container:"+o.ID {
				before[j] = append(before[j], i)
			}
		}
	}
	cutCycles(before)
	return before
}

// dependsOn reads compose's label: "db:service_healthy:false,infra:service_started:true".
func dependsOn(c container.Summary) map[string]bool {
	on := map[string]bool{}
	for part := range strings.SplitSeq(c.Labels[api.DependenciesLabel], ",") {
		if name, _, _ := strings.Cut(part, ":"); name != "" {
			on[name] = true
		}
	}
	return on
}

// cutCycles removes the edges that lead back to a container on the way.
func cutCycles(before [][]int) {
	const fresh, onTheWay, done = 0, 1, 2
	state := make([]int, len(before))
	var visit func(i int)
	visit = func(i int) {
		state[i] = onTheWay
		kept := before[i][:0]
		for _, j := range before[i] {
			if state[j] == onTheWay {
				continue
			}
			if state[j] == fresh {
				visit(j)
			}
			kept = append(kept, j)
		}
		before[i] = kept
		state[i] = done
	}
	for i := range before {
		if state[i] == fresh {
			visit(i)
		}
	}
}
