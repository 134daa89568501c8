package project

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// spot is a value in a file. Its key is nil for an element of a list.
type spot struct {
	source *source
	key    *yaml.Node
	value  *yaml.Node
}

func (s spot) pos() diag.Pos {
	if s.value.Kind != yaml.ScalarNode && s.key != nil {
		return s.source.at(s.key)
	}
	return s.source.at(s.value)
}

// locator finds values of the merged project in the files that it was merged
// from. It walks the path in all files at once, weakest first: the last file
// that has a key gave the value.
type locator struct {
	sources []*source          // included ones first, then in order of merging
	extends map[string]*source // by absolute path

	mu sync.Mutex
	// found are the spots of paths of up to two keys, so that asking for many
	// values of one service looks for the service once.
	found map[string][]spot
	// lists are the elements of lists by their paths: those of a range of ports are
	// thousands, each of which is asked for.
	lists map[string][]spot
}

// locate is the place of the value at a path, or of the innermost part of the path
// that stands in a file.
func (l *locator) locate(path ...string) diag.Pos {
	l.mu.Lock()
	defer l.mu.Unlock()
	var best diag.Pos
	if len(l.sources) > 0 {
		best.File = l.sources[len(l.sources)-1].path
	}
	var spots []spot
	for i := range path {
		if i < 2 {
			spots = l.near(path[:i+1])
		} else {
			spots = l.step(spots, path[:i], path[i])
		}
		if len(spots) == 0 {
			break
		}
		best = spots[len(spots)-1].pos()
	}
	return best
}

// near are the spots of a path of one or two keys.
func (l *locator) near(path []string) []spot {
	name := strings.Join(path, pathSeparator)
	if spots, ok := l.found[name]; ok {
		return spots
	}
	above := l.roots()
	if len(path) == 2 {
		above = l.near(path[:1])
	}
	last := len(path) - 1
	spots := l.step(above, path[:last], path[last])
	if last == 1 && path[0] == "services" {
		spots = l.withBases(spots)
	}
	if l.found == nil {
		l.found = map[string][]spot{}
	}
	l.found[name] = spots
	return spots
}

// order lists the services as the files name them first: included files before
// those that include them.
func (l *locator) order() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for _, r := range l.roots() {
		for _, p := range pairs(child(r.value, "services")) {
			if !slices.Contains(names, p.key.Value) {
				names = append(names, p.key.Value)
			}
		}
	}
	return names
}

func (l *locator) roots() []spot {
	var spots []spot
	for _, s := range l.sources {
		for _, doc := range s.docs {
			if r := root(doc); r != nil {
				spots = append(spots, spot{source: s, value: r})
			}
		}
	}
	return spots
}

// step goes one key down in every file.
func (l *locator) step(spots []spot, path []string, key string) []spot {
	if index, err := strconv.Atoi(key); err == nil && anyList(spots) {
		all := l.list(spots, path)
		if index < 0 || index >= len(all) {
			return nil
		}
		return all[index : index+1]
	}
	var next []spot
	for _, s := range spots {
		found, ok := s.child(key)
		if !ok {
			continue
		}
		if found.value.Tag == "!reset" || found.value.Tag == "!override" {
			next = nil
		}
		next = append(next, found)
	}
	return next
}

// child finds a key in a mapping, or the element of a list that stands for it:
// KEY=VALUE, KEY, or a mapping whose source, target or name it is.
func (s spot) child(key string) (spot, bool) {
	if e := entry(s.value, key); e.value != nil {
		return spot{s.source, e.key, e.value}, true
	}
	for _, item := range items(s.value) {
		name, _, _ := strings.Cut(item.Value, "=")
		if item.Kind == yaml.ScalarNode && name == key {
			return spot{source: s.source, value: item}, true
		}
		for _, by := range []string{"source", "target", "name"} {
			if v := child(item, by); v != nil && v.Value == key {
				return spot{source: s.source, value: v}, true
			}
		}
	}
	return spot{}, false
}

// list are the elements at a path.
func (l *locator) list(spots []spot, path []string) []spot {
	name := strings.Join(path, pathSeparator)
	all, ok := l.lists[name]
	if !ok {
		all = elements(spots, path)
		if l.lists == nil {
			l.lists = map[string][]spot{}
		}
		l.lists[name] = all
	}
	return all
}

func anyList(spots []spot) bool {
	return slices.ContainsFunc(spots, func(s spot) bool { return s.value.Kind != yaml.MappingNode })
}

// elements are those of the merged list: files add to it in order, an element
// for the same target replaces the earlier one, and a command is replaced whole.
func elements(spots []spot, path []string) []spot {
	list := ""
	if len(path) > 0 {
		list = path[len(path)-1]
	}
	var all []spot
	for _, s := range spots {
		if replaced(list) || s.value.Tag == "!override" || s.value.Tag == "!reset" {
			all = nil
		}
		others := ofOthers(all, list, s.source)
		for _, e := range s.elements(list) {
			key := elementKey(list, e.value)
			if same, ok := others[key]; ok && key != "" {
				all[same] = e
				delete(others, key)
				continue
			}
			all = append(all, e)
		}
	}
	return all
}

// ofOthers are the first elements of other files than this one, by their keys.
func ofOthers(all []spot, list string, source *source) map[string]int {
	found := map[string]int{}
	for i, e := range slices.Backward(all) {
		if e.source != source {
			found[elementKey(list, e.value)] = i
		}
	}
	return found
}

// replaced lists are not added to by a later file (compose-go override/merge.go).
func replaced(list string) bool {
	return list == "command" || list == "entrypoint" || list == "test"
}

func (s spot) elements(list string) []spot {
	if s.value.Kind == yaml.ScalarNode {
		return []spot{{source: s.source, value: s.value}}
	}
	var all []spot
	for _, item := range items(s.value) {
		for range width(list, item) {
			all = append(all, spot{source: s.source, value: item})
		}
	}
	return all
}

// width is how many elements one stands for: a range of ports is as many as it
// has ports.
func width(list string, item *yaml.Node) int {
	if list != "ports" || item.Kind != yaml.ScalarNode || !strings.Contains(item.Value, "-") {
		return 1
	}
	ports, err := types.ParsePortConfig(item.Value)
	if err != nil || len(ports) == 0 {
		return 1
	}
	return len(ports)
}

// elementKey is what makes two elements of a list the same one, empty when
// nothing does.
func elementKey(list string, item *yaml.Node) string {
	if list != "volumes" {
		return item.Value
	}
	if target := child(item, "target"); target != nil {
		return target.Value
	}
	parts := strings.Split(item.Value, ":")
	if len(parts) == 1 {
		return parts[0]
	}
	return parts[1]
}

// withBases puts the services that a service extends before it, each once: in
// files of several documents there are many ways to the same one.
func (l *locator) withBases(spots []spot) []spot {
	var all []spot
	seen := map[*yaml.Node]bool{}
	var visit func(spots []spot)
	visit = func(spots []spot) {
		for _, s := range spots {
			if seen[s.value] {
				continue
			}
			seen[s.value] = true
			visit(l.base(s))
			all = append(all, s)
		}
	}
	visit(spots)
	return all
}

func (l *locator) base(s spot) []spot {
	e := child(s.value, "extends")
	if e == nil {
		return nil
	}
	name, in := e.Value, s.source
	if n := child(e, "service"); n != nil {
		name = n.Value
	}
	if f := child(e, "file"); f != nil {
		in = l.extends[s.source.reference(f.Value)]
	}
	if in == nil {
		return nil
	}
	var spots []spot
	for _, doc := range in.docs {
		if p := entry(child(root(doc), "services"), name); p.value != nil && p.value != s.value {
			spots = append(spots, spot{in, p.key, p.value})
		}
	}
	return spots
}
