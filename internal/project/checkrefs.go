package project

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// reference is a mention of another service.
type reference struct {
	to       string
	words    string
	optional bool
	path     []string
}

// mentions are the other services that a service needs, in a fixed order.
func mentions(s types.ServiceConfig) []reference {
	var all []reference
	for _, to := range slices.Sorted(maps.Keys(s.DependsOn)) {
		all = append(all, reference{to, "depends on", !s.DependsOn[to].Required, []string{"depends_on", to}})
	}
	for i, link := range s.Links {
		to, _, _ := strings.Cut(link, ":")
		all = append(all, reference{to, "links to", false, []string{"links", strconv.Itoa(i)}})
	}
	for i, from := range s.VolumesFrom {
		if to, _, _ := strings.Cut(from, ":"); to != "container" {
			all = append(all, reference{to, "takes volumes from", false, []string{"volumes_from", strconv.Itoa(i)}})
		}
	}
	for _, ns := range []struct{ key, value string }{
		{"network_mode", s.NetworkMode}, {"ipc", s.Ipc}, {"pid", s.Pid}, {"uts", s.Uts}, {"cgroup", s.Cgroup},
	} {
		if to, ok := strings.CutPrefix(ns.value, types.ServicePrefix); ok {
			all = append(all, reference{to, "shares the " + strings.TrimSuffix(ns.key, "_mode") + " of", false, []string{ns.key}})
		}
	}
	return all
}

func (c *checker) references(s types.ServiceConfig) {
	names := c.project.ServiceNames()
	for _, r := range mentions(s) {
		if _, ok := c.project.Services[r.to]; ok {
			continue
		}
		path := append([]string{"services", s.Name}, r.path...)
		disabled, ok := c.project.DisabledServices[r.to]
		switch {
		case ok && r.optional:
		case ok:
			c.report("DCE110", fmt.Sprintf("service %q %s %q, which is not enabled", s.Name, r.words, r.to), profileHint(disabled), path...)
		default:
			c.report("DCE110", fmt.Sprintf("service %q %s %q, which does not exist", s.Name, r.words, r.to), didYouMean(r.to, names, "the services are"), path...)
		}
	}
}

func profileHint(s types.ServiceConfig) string {
	if len(s.Profiles) == 0 {
		return "name it on the command line too"
	}
	return "enable it with --profile " + s.Profiles[0]
}

// cycles reports services that wait for each other: one of each circle.
func (c *checker) cycles() {
	state := map[string]int{} // 1: on the way, 2: done
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		if state[name] == 2 {
			return
		}
		if state[name] == 1 {
			c.cycle(append(way[slices.Index(way, name):], name))
			return
		}
		state[name] = 1
		for _, r := range mentions(c.project.Services[name]) {
			if _, ok := c.project.Services[r.to]; ok {
				visit(r.to, append(slices.Clone(way), name))
			}
		}
		state[name] = 2
	}
	for _, name := range c.project.ServiceNames() {
		visit(name, nil)
	}
}

func (c *checker) cycle(way []string) {
	var path []string
	for _, r := range mentions(c.project.Services[way[0]]) {
		if r.to == way[1] {
			path = append([]string{"services", way[0]}, r.path...)
			break
		}
	}
	c.report("DCE111", "services wait for each other in a circle: "+strings.Join(way, " -> "), "remove one of these dependencies", path...)
}
