package project

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"
)

// resources checks that networks, volumes, secrets and configs are declared.
func (c *checker) resources(s types.ServiceConfig) {
	for _, u := range uses(s) {
		names := c.declared(u.kind)
		if !slices.Contains(names, u.name) {
			c.undeclared(s, u, names)
		}
	}
}

// use is a mention of something that the top of the files declares.
type use struct {
	kind, name string
	path       []string
}

// uses are what a service needs to be declared, in a fixed order.
func uses(s types.ServiceConfig) []use {
	var all []use
	for _, n := range slices.Sorted(maps.Keys(s.Networks)) {
		if n != "default" {
			all = append(all, use{"network", n, []string{"networks", n}})
		}
	}
	for i, v := range s.Volumes {
		if v.Type == types.VolumeTypeVolume && v.Source != "" {
			all = append(all, use{"volume", v.Source, []string{"volumes", strconv.Itoa(i)}})
		}
	}
	for _, f := range s.Secrets {
		all = append(all, use{"secret", f.Source, []string{"secrets", f.Source}})
	}
	for _, f := range s.Configs {
		all = append(all, use{"config", f.Source, []string{"configs", f.Source}})
	}
	for _, m := range slices.Sorted(maps.Keys(s.Models)) {
		all = append(all, use{"model", m, []string{"models", m}})
	}
	if s.Build != nil {
		for _, f := range s.Build.Secrets {
			all = append(all, use{"secret", f.Source, []string{"build", "secrets", f.Source}})
		}
	}
	return all
}

func (c *checker) declared(kind string) []string {
	switch kind {
	case "network":
		return c.project.NetworkNames()
	case "volume":
		return c.project.VolumeNames()
	case "secret":
		return c.project.SecretNames()
	case "config":
		return c.project.ConfigNames()
	default:
		return c.project.ModelNames()
	}
}

func (c *checker) undeclared(s types.ServiceConfig, u use, names []string) {
	hint := fmt.Sprintf("declare it at the top: `%ss: {%s: {}}`", u.kind, u.name)
	if u.kind == "secret" || u.kind == "config" {
		hint = fmt.Sprintf("declare it at the top: `%ss: {%s: {file: FILE}}`", u.kind, u.name)
	}
	if near := suggestion(u.name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	c.report("DCE114", fmt.Sprintf("service %q uses the %s %q, which is not declared", s.Name, u.kind, u.name), hint, append([]string{"services", s.Name}, u.path...)...)
}
