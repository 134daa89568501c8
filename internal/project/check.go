package project

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// checker looks over a merged project for what cannot run, all at once.
// compose-go checks a part of it too, but stops at the first and gives no place.
type checker struct {
	project  *types.Project
	locate   func(...string) diag.Pos
	root     string
	problems diag.List
	// raw: variables stand as they are, so names of files are not names yet.
	raw bool
	// spoilt are services whose image or build was found wrong already.
	spoilt map[string]bool
}

func (c *checker) report(code diag.Code, summary, hint string, path ...string) {
	c.problems = append(c.problems, diag.Diagnostic{Code: code, Summary: summary, Hint: hint, Pos: c.locate(path...)})
}

// run returns all that is wrong with the merged project.
func (c *checker) run() diag.List {
	if len(c.project.Services) == 0 {
		c.empty()
	}
	for _, name := range c.project.ServiceNames() {
		c.service(c.project.Services[name])
	}
	c.containerNames()
	if !c.raw {
		c.names()
		c.files()
	}
	c.cycles()
	return c.problems
}

// containerNames refuses one name for the containers of two services.
func (c *checker) containerNames() {
	taken := map[string]string{}
	for _, name := range c.project.ServiceNames() {
		fixed := c.project.Services[name].ContainerName
		first, twice := taken[fixed]
		switch {
		case fixed == "":
		case twice:
			c.report("DCE122", fmt.Sprintf("services %q and %q have the same container_name, %s", first, name, fixed),
				"give each a name of its own, or none: dce makes one up", "services", name, "container_name")
		default:
			taken[fixed] = name
		}
	}
}

func (c *checker) empty() {
	if names := c.project.DisabledServiceNames(); len(names) > 0 {
		c.report("DCE128", "every service belongs to a profile that is not enabled: "+strings.Join(names, ", "), "enable one with --profile NAME", "services")
		return
	}
	c.report("DCE128", "there is no service in the project", "write at least one below `services:`, with an image", "services")
}

func (c *checker) service(s types.ServiceConfig) {
	if s.Provider != nil {
		c.report("DCE120", fmt.Sprintf("service %q is given to a provider, a program on the host", s.Name),
			"remove it from the pod, or run what it provides as a service with an image", "services", s.Name, "provider")
		return
	}
	if s.Image == "" && s.Build == nil && !c.spoilt[s.Name] {
		c.report("DCE155", fmt.Sprintf("service %q has neither an image nor a build section", s.Name), "write `image: NAME:TAG` or `build: DIR` below it", "services", s.Name)
	}
	c.references(s)
	c.resources(s)
	c.exclusions(s)
	c.mounts(s)
	if h := s.HealthCheck; h != nil && len(h.Test) > 0 && !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, h.Test[0]) {
		c.report("DCE105", fmt.Sprintf("the health check of %q must begin with CMD, CMD-SHELL or NONE", s.Name),
			fmt.Sprintf("write [CMD, %s, ...], or the whole command as one string", h.Test[0]), "services", s.Name, "healthcheck", "test")
	}
}

// exclusions are keys that rule each other out (compose-go loader/validate.go).
func (c *checker) exclusions(s types.ServiceConfig) {
	for _, e := range excluded(s) {
		if e.wrong {
			c.report("DCE122", fmt.Sprintf("service %q: %s", s.Name, e.summary), e.hint, "services", s.Name, e.key)
		}
	}
}

type exclusion struct {
	wrong              bool
	key, summary, hint string
}

func excluded(s types.ServiceConfig) []exclusion {
	all := []exclusion{
		{s.NetworkMode != "" && len(s.Networks) > 0, "network_mode", "network_mode and networks rule each other out", "remove one of them; in a pod all services share one network anyway"},
		{s.GetScale() > 1 && s.ContainerName != "", "container_name", "a container_name and a scale above 1 rule each other out", "remove container_name: two containers cannot have one name"},
		{s.Scale != nil && *s.Scale < 0, "scale", "scale must be zero or more", "write 1, or remove it"},
		{s.Build != nil && s.Build.Dockerfile != "" && s.Build.DockerfileInline != "", "build", "dockerfile and dockerfile_inline rule each other out", "remove one of them"},
	}
	d := s.Deploy
	if d == nil {
		return all
	}
	all = append(all,
		exclusion{s.Scale != nil && d.Replicas != nil && *s.Scale != *d.Replicas, "scale", "scale and deploy.replicas differ", "remove one of them"},
		exclusion{d.Replicas != nil && *d.Replicas < 0, "deploy", "deploy.replicas must be zero or more", "write 1, or remove it"})
	if l := d.Resources.Limits; l != nil {
		all = append(all,
			exclusion{s.CPUS != 0 && l.NanoCPUs.Value() != s.CPUS, "cpus", "cpus and deploy.resources.limits.cpus differ", "remove one of them"},
			exclusion{s.MemLimit != 0 && l.MemoryBytes != s.MemLimit, "mem_limit", "mem_limit and deploy.resources.limits.memory differ", "remove one of them"},
			exclusion{s.PidsLimit != 0 && l.Pids != s.PidsLimit, "pids_limit", "pids_limit and deploy.resources.limits.pids differ", "remove one of them"})
	}
	if r := d.Resources.Reservations; r != nil {
		all = append(all, exclusion{s.MemReservation != 0 && r.MemoryBytes != s.MemReservation, "mem_reservation", "mem_reservation and deploy.resources.reservations.memory differ", "remove one of them"})
	}
	return all
}

// mounts checks that nothing is mounted over something else.
func (c *checker) mounts(s types.ServiceConfig) {
	taken := map[string]bool{}
	claim := func(target, key string, i int) {
		if taken[target] {
			c.report("DCE122", fmt.Sprintf("service %q mounts two things at %s", s.Name, target), "mount one of them elsewhere", "services", s.Name, key, strconv.Itoa(i))
		}
		taken[target] = true
	}
	for i, t := range s.Tmpfs {
		target, _, _ := strings.Cut(t, ":")
		claim(target, "tmpfs", i)
	}
	for i, v := range s.Volumes {
		claim(v.Target, "volumes", i)
	}
}
