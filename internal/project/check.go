package project

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"dce/internal/diag"

	"github.com/compose-spec/compose-go/v2/types"
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
	if !c.raw {
		c.files()
	}
	c.cycles()
	return c.problems
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

// resources checks that networks, volumes, secrets and configs are declared.
func (c *checker) resources(s types.ServiceConfig) {
	p := c.project
	for _, n := range slices.Sorted(maps.Keys(s.Networks)) {
		if _, ok := p.Networks[n]; !ok && n != "default" {
			c.undeclared(s, "network", n, p.NetworkNames(), "networks", n)
		}
	}
	for i, v := range s.Volumes {
		if _, ok := p.Volumes[v.Source]; v.Type == types.VolumeTypeVolume && v.Source != "" && !ok {
			c.undeclared(s, "volume", v.Source, p.VolumeNames(), "volumes", strconv.Itoa(i))
		}
	}
	for _, f := range s.Secrets {
		if _, ok := p.Secrets[f.Source]; !ok {
			c.undeclared(s, "secret", f.Source, p.SecretNames(), "secrets", f.Source)
		}
	}
	for _, f := range s.Configs {
		if _, ok := p.Configs[f.Source]; !ok {
			c.undeclared(s, "config", f.Source, p.ConfigNames(), "configs", f.Source)
		}
	}
	for _, m := range slices.Sorted(maps.Keys(s.Models)) {
		if _, ok := p.Models[m]; !ok {
			c.undeclared(s, "model", m, p.ModelNames(), "models", m)
		}
	}
	if s.Build != nil {
		for _, f := range s.Build.Secrets {
			if _, ok := p.Secrets[f.Source]; !ok {
				c.undeclared(s, "secret", f.Source, p.SecretNames(), "build", "secrets", f.Source)
			}
		}
	}
}

func (c *checker) undeclared(s types.ServiceConfig, kind, name string, names []string, path ...string) {
	hint := fmt.Sprintf("declare it at the top: `%ss: {%s: {}}`", kind, name)
	if kind == "secret" || kind == "config" {
		hint = fmt.Sprintf("declare it at the top: `%ss: {%s: {file: FILE}}`", kind, name)
	}
	if near := suggestion(name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	c.report("DCE114", fmt.Sprintf("service %q uses the %s %q, which is not declared", s.Name, kind, name), hint, append([]string{"services", s.Name}, path...)...)
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

// files checks that what is read from files stays in the project, and that env
// files which must exist do.
func (c *checker) files() {
	for _, name := range c.project.ServiceNames() {
		s := c.project.Services[name]
		for i, f := range s.EnvFiles {
			c.envFile(f.Path, bool(f.Required), "services", name, "env_file", strconv.Itoa(i))
		}
		for i, f := range s.LabelFiles {
			c.envFile(f, true, "services", name, "label_file", strconv.Itoa(i))
		}
	}
	for _, name := range c.project.SecretNames() {
		c.sourced("secret", name, types.FileObjectConfig(c.project.Secrets[name]))
		c.within(c.project.Secrets[name].File, "secrets", name, "file")
	}
	for _, name := range c.project.ConfigNames() {
		c.sourced("config", name, types.FileObjectConfig(c.project.Configs[name]))
		c.within(c.project.Configs[name].File, "configs", name, "file")
	}
}

// sourced checks that a secret or config says in one way where its content comes from.
func (c *checker) sourced(kind, name string, f types.FileObjectConfig) {
	ways := 0
	for _, given := range []bool{f.File != "", f.Environment != "", f.Content != "" && f.Environment == ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		c.report("DCE122", fmt.Sprintf("the %s %q says in several ways where its content comes from", kind, name), "leave one of file, environment and content", kind+"s", name)
	case ways == 0 && !bool(f.External) && f.Driver == "":
		c.report("DCE105", fmt.Sprintf("the %s %q does not say where its content comes from", kind, name), fmt.Sprintf("write `file: FILE` or `environment: NAME` below %s", name), kind+"s", name)
	}
}

func (c *checker) within(path string, where ...string) bool {
	if path == "" || inside(c.root, path) {
		return true
	}
	text := path
	if rel, err := filepath.Rel(c.root, path); err == nil && len(rel) < len(path) {
		text = rel
	}
	c.problems = append(c.problems, outside(c.root, path, text, c.locate(where...)))
	return false
}

func (c *checker) envFile(path string, required bool, where ...string) {
	if !c.within(path, where...) || !required && !exists(path) {
		return
	}
	f, err := openRegular(path)
	if err == nil {
		f.Close()
		return
	}
	d := unreadable(path, err)
	if d.Code == "DCE102" {
		d.Code = "DCE116"
	}
	d.Summary = fmt.Sprintf("env file %s: %s", path, d.Summary)
	if d.Hint = "create it, or write `{path: FILE, required: false}` where it may be missing"; where[2] == "label_file" {
		d.Hint = "create it, or remove it here"
	}
	d.Pos = c.locate(where...)
	c.problems = append(c.problems, d)
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
