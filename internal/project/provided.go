package project

import (
	"fmt"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// provided is a secret or config that a service uses.
type provided struct {
	kind, name string
	types.FileObjectConfig
}

// Unavailable is what keeps the services from the secrets and configs that they
// use, where the pod is to run. Compose would tell when the first containers are
// there; one whose variable is empty it takes for none.
func (p *Project) Unavailable() diag.List {
	var problems diag.List
	for _, o := range p.provided() {
		d := p.unsupported(o)
		_, set := p.Compose.Environment[o.Environment]
		switch {
		case len(d) > 0:
		case o.Environment != "" && !set:
			d = diag.List{unsetSource(o, p.Locate(o.kind+"s", o.name, "environment"))}
		case o.File != "":
			d = p.missingFile(o)
		}
		problems = append(problems, d...)
	}
	return problems
}

// Unsupported are the secrets and configs that no pod can have anywhere: Docker
// Compose has no swarm, which would give them. Of secrets, given says by name
// which come from elsewhere.
func (p *Project) Unsupported(given func(secret string) bool) diag.List {
	var problems diag.List
	for _, o := range p.provided() {
		if o.kind == "config" || !given(o.name) {
			problems = append(problems, p.unsupported(o)...)
		}
	}
	return problems
}

// provided are the secrets and configs in use, each once.
func (p *Project) provided() []provided {
	secrets, configs := map[string]bool{}, map[string]bool{}
	for _, s := range p.Compose.Services {
		for _, use := range s.Secrets {
			secrets[use.Source] = true
		}
		for _, use := range s.Configs {
			configs[use.Source] = true
		}
	}
	var all []provided
	for _, name := range p.Compose.SecretNames() {
		if secrets[name] {
			all = append(all, provided{"secret", name, types.FileObjectConfig(p.Compose.Secrets[name])})
		}
	}
	for _, name := range p.Compose.ConfigNames() {
		if configs[name] {
			all = append(all, provided{"config", name, types.FileObjectConfig(p.Compose.Configs[name])})
		}
	}
	return all
}

// unsupported are the keys that Docker Compose v5.5.1 refuses (pkg/compose/create.go).
func (p *Project) unsupported(o provided) diag.List {
	var keys []string
	for _, k := range []struct {
		key string
		set bool
	}{{"external", bool(o.External)}, {"driver", o.Driver != ""}, {"template_driver", o.TemplateDriver != ""}} {
		if k.set {
			keys = append(keys, k.key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	d := diag.Diagnostic{
		Code: "DCE158", Summary: fmt.Sprintf("%s %s cannot be had: it says %s", o.kind, o.name, strings.Join(keys, " and ")), Pos: p.Locate(o.kind+"s", o.name, keys[0]),
		Detail: "Only a Docker swarm has secrets and configs of that kind. Docker Compose refuses them when it makes the container.",
		Hint:   fmt.Sprintf("write `file: FILE` or `environment: NAME` below %s instead", o.name),
	}
	if o.kind == "secret" {
		d.Hint += "; for a cluster app.secrets can say where it comes from"
	}
	return diag.List{d}
}

func unsetSource(o provided, pos diag.Pos) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE157", Summary: fmt.Sprintf("%s %s comes from the variable %s, which is not set", o.kind, o.name, o.Environment), Pos: pos,
		Hint: fmt.Sprintf("set it for this run: %s=... dce up --local, or in an env file", o.Environment),
	}
	if o.kind == "secret" {
		d.Hint += "; for a cluster app.secrets says where it comes from"
	}
	return d
}

func (p *Project) missingFile(o provided) diag.List {
	_, err := os.Stat(o.File)
	if err == nil {
		return nil
	}
	return diag.List{{
		Code: "DCE159", Summary: fmt.Sprintf("the file of %s %s cannot be mounted: %s: %s", o.kind, o.name, o.File, reason(err)), Pos: p.Locate(o.kind+"s", o.name, "file"),
		Hint: "create it, or correct the name: it is relative to the directory of the first compose file",
	}}
}
