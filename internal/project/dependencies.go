package project

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// maxPaths bounds the ways through the dependencies of a project. compose-go
// v2.15.0 walks each of them in search of a cycle (graph/cycle.go): of 22 services
// that depend on all before them there are 4 million, which take it 2 s.
const maxPaths = 5_000_000

// checkPaths refuses a project in which there are too many of them.
func (s *session) checkPaths() {
	edges := map[string]map[string]bool{}
	for _, src := range s.all() {
		for _, doc := range src.docs {
			for _, p := range pairs(child(root(doc), "services")) {
				addDependencies(edges, p.key.Value, p.value)
			}
		}
	}
	w := ways{edges: edges, known: map[string]int{}}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(edges)) {
		if total += w.from(name); total > maxPaths {
			s.add(diag.List{{
				Code: "DCE118", Summary: fmt.Sprintf("there are more than %d ways through the dependencies of the services", maxPaths), Pos: s.locator.locate("services", name, "depends_on"),
				Detail: "Each service of such a project depends on many that depend on many, and so on.",
				Hint:   "leave out of depends_on what another dependency waits for anyway",
			}})
			return
		}
	}
}

// addDependencies adds what a service says that it depends on, and what it takes
// from another one of its file.
func addDependencies(edges map[string]map[string]bool, name string, service *yaml.Node) {
	if edges[name] == nil {
		edges[name] = map[string]bool{}
	}
	on := child(service, "depends_on")
	for _, item := range items(on) {
		edges[name][item.Value] = true
	}
	for _, p := range pairs(on) {
		edges[name][p.key.Value] = true
	}
	extends := child(service, "extends")
	if extends != nil && extends.Kind == yaml.ScalarNode {
		edges[name][extends.Value] = true
	}
	if base := child(service, "extends", "service"); base != nil {
		edges[name][base.Value] = true
	}
}

// ways counts the ways that begin at a service.
type ways struct {
	edges map[string]map[string]bool
	known map[string]int
}

func (w ways) from(name string) int {
	if n, ok := w.known[name]; ok {
		return n
	}
	w.known[name] = 0 // a cycle is told by others
	n := 1
	for on := range w.edges[name] {
		n = min(n+w.from(on), maxPaths+1)
	}
	w.known[name] = n
	return n
}
