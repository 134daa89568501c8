package project

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

func load(ctx context.Context, o Options) (*Project, error) {
	start, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the directory to start in: %w", err)
	}
	s := &session{options: o, start: start, env: environMap(o.Environ)}
	return s.load(ctx)
}

// session is one load: what is known so far, and what was found wrong.
type session struct {
	options      Options
	start        string
	env          map[string]string
	place        place
	layers       layers
	environments []string
	configFound  string
	config       Config
	operator     Operator
	sources      []*source
	included     []*source
	includedEnv  []string
	deployed     map[string]string
	own          map[string]string
	written      []setting
	extended     map[string]*source
	locator      *locator
	spoilt       map[string]bool
	problems     diag.List
}

func (s *session) load(ctx context.Context) (*Project, error) {
	s.find()
	s.read()
	s.readExtensions()
	s.setDeployed()
	s.gather()
	s.checkName()
	if s.tooMuch() {
		return nil, s.problems.Err()
	}
	if s.problems.HasErrors() {
		return nil, s.explain(ctx, nil).Err()
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("loading the project: %w", err)
	}
	r := s.request()
	p, warnings, err := r.loadCompose(ctx)
	if err != nil {
		return nil, s.explain(ctx, err).Err()
	}
	s.warn(warnings)
	s.setImages(p)
	if err := s.add(s.check(p)).Err(); err != nil {
		return nil, err
	}
	s.setSecrets(p)
	if s.hideSecrets(p); s.problems.HasErrors() {
		return nil, s.problems.Err()
	}
	merged := p
	if !s.options.NoInterpolate {
		if p, err = resolveFiles(merged); err != nil {
			return nil, s.add(s.envProblems(merged, err)).Err()
		}
	}
	return &Project{
		Compose: p, Files: s.place.files, Config: s.config,
		Locate: s.locator.locate, Order: s.locator.order, Warnings: s.problems.Sorted(),
		Parts: func() Parts { return s.parts(merged) },
	}, nil
}

// setImages replaces the images that were decided elsewhere.
func (s *session) setImages(p *types.Project) {
	for _, name := range slices.Sorted(maps.Keys(s.options.Images)) {
		service, ok := p.Services[name]
		if !ok {
			s.add(diag.List{{
				Code: "DCE129", Summary: fmt.Sprintf("no service %q to give the image %s to", name, s.options.Images[name]),
				Hint: didYouMean(name, p.ServiceNames(), "the services are"),
			}})
			continue
		}
		service.Image = s.options.Images[name]
		p.Services[name] = service
	}
}

// setSecrets lets compose secrets come from elsewhere.
func (s *session) setSecrets(p *types.Project) {
	for name, source := range s.options.Secrets {
		secret, ok := p.Secrets[name]
		if !ok {
			continue
		}
		secret = types.SecretConfig{Name: secret.Name, Labels: secret.Labels, Extensions: secret.Extensions}
		if variable, ok := strings.CutPrefix(source, "env:"); ok {
			secret.Environment = variable
		} else {
			secret.File = strings.TrimPrefix(source, "file:")
		}
		p.Secrets[name] = secret
	}
}

func (s *session) add(l diag.List) diag.List {
	s.problems = append(s.problems, l...)
	return s.problems
}

// find settles which files make the project and what interpolation sees.
func (s *session) find() {
	process := s.env
	if s.options.Values == nil {
		// COMPOSE_FILE and the like may stand in the env files that are named, else in
		// .env of the directory to start in.
		named := s.namedEnvFiles(process)
		if len(named) == 0 {
			named = defaultEnvFile(s.start, process)
		}
		s.env, _ = withEnvFiles(process, named)
	}
	files := namedFiles(s.options, s.env)
	s.place = place{dir: nearest(s.start)}
	if len(files) > 0 {
		s.place = namedPlace(s.start, files)
	}
	s.readConfig()
	s.chooseFiles(len(files) > 0)
	s.setConfig()
	s.setEnv(process)
}

// setConfig merges the layers that are known by now.
func (s *session) setConfig() {
	s.config = newConfig(s.layers.merge())
	s.config.Environments, s.config.Path = s.environments, s.configFound
}

// setEnv settles what interpolation sees, strongest first: the task's facts,
// the process environment, values of dce.yaml, env files.
func (s *session) setEnv(process map[string]string) {
	strong := maps.Clone(s.config.Values)
	maps.Copy(strong, process)
	if s.options.Values != nil {
		s.env = maps.Clone(s.options.Values)
		maps.Copy(s.env, s.options.TaskEnv)
		return
	}
	maps.Copy(strong, s.options.TaskEnv)
	env, d := withEnvFiles(strong, slices.DeleteFunc(s.envFiles(process), s.refused))
	s.add(d)
	s.env = env
}

// setDeployed adds what the cluster will add: the app's environment, and
// something in the place of each secret, whose value nobody here needs to have;
// who has it must not send it, so own is what is here without that.
func (s *session) setDeployed() {
	if !s.options.Deploy {
		return
	}
	s.own = maps.Clone(s.env)
	s.deployed = maps.Clone(s.config.App.Env)
	if s.deployed == nil {
		s.deployed = map[string]string{}
	}
	for name := range s.config.App.Secrets {
		s.deployed[name] = SecretOnAgent
	}
	maps.Copy(s.env, s.deployed)
}

// namedEnvFiles are the files named by flag, else by the variable that docker
// compose has for it (v5.5.1 cmd/compose/compose.go). That counts in the process
// environment only: an env file cannot name others.
func (s *session) namedEnvFiles(process map[string]string) []string {
	names := s.options.EnvFiles
	if len(names) == 0 {
		names = strings.FieldsFunc(process["COMPOSE_ENV_FILES"], func(r rune) bool { return r == ',' })
	}
	var files []string
	for _, name := range names {
		files = append(files, absolute(s.start, name))
	}
	return files
}

// envFiles are the files that somebody named; else those of dce.yaml's top, or .env
// where it names none, and those of the environment.
func (s *session) envFiles(process map[string]string) []string {
	if named := s.namedEnvFiles(process); len(named) > 0 {
		return named
	}
	if len(get[[]string](layers{top: s.layers.top}.merge(), "env_files")) > 0 {
		return s.config.EnvFiles
	}
	return append(defaultEnvFile(s.place.dir, process), s.config.EnvFiles...)
}

func (s *session) read() {
	for _, f := range s.place.files {
		if s.refused(f) {
			continue
		}
		src, d := readSource(f, s.options.Stdin)
		s.add(d)
		src.dir, src.env = s.place.dir, s.env
		s.sources = append(s.sources, src)
	}
}

func (s *session) request() request {
	return request{
		sources: s.sources, dir: s.place.dir, name: s.name(), env: s.env,
		profiles: s.profiles(), services: s.options.Services, interpolate: !s.options.NoInterpolate,
	}
}

func (s *session) profiles() []string {
	if len(s.options.Profiles) > 0 {
		return s.options.Profiles
	}
	profiles, _ := (&Field{Type: TypeStrings}).parseText(s.env["COMPOSE_PROFILES"])
	if list := profiles.([]string); len(list) > 0 {
		return list
	}
	return s.config.Profiles
}

// name is the project's: -p, its variables, dce.yaml, the last `name:` of the
// compose files, the directory's.
func (s *session) name() string {
	name := cmp.Or(s.options.Name, s.env["DCE_PROJECT_NAME"], s.env["COMPOSE_PROJECT_NAME"], s.config.Name)
	if name != "" {
		return name
	}
	name = filepath.Base(s.place.dir)
	for _, src := range s.sources {
		for _, doc := range src.docs {
			if n := child(root(doc), "name"); n != nil && n.Value != "" {
				name = src.interpolate(n.Value)
			}
		}
	}
	return loader.NormalizeProjectName(name)
}

func (s *session) checkName() {
	name := s.name()
	switch normal := loader.NormalizeProjectName(name); {
	case name == "":
		s.add(diag.List{{
			Code: "DCE127", Summary: "the project has no name: the directory's has no letter or digit in it", Pos: diag.Pos{File: s.place.dir},
			Hint: "name it with --project-name NAME, or `name: NAME` in dce.yaml or the compose file",
		}})
	case normal != name:
		s.add(diag.List{{
			Code: "DCE127", Summary: fmt.Sprintf("%q cannot be a project's name", name),
			Detail: "Containers, networks and volumes are named after it: lower-case letters, digits, - and _, with a letter or digit first.",
			Hint:   nameHint(normal),
		}})
	}
}

func nameHint(normal string) string {
	if normal == "" {
		return "use letters and digits"
	}
	return fmt.Sprintf("for example %q", normal)
}
