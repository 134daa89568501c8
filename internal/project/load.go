package project

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"

	"dce/internal/diag"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
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
	sources      []*source
	problems     diag.List
}

func (s *session) load(ctx context.Context) (*Project, error) {
	s.find()
	if err := s.problems.Err(); err != nil {
		return nil, err
	}
	s.read()
	s.readExtensions()
	if err := s.problems.Err(); err != nil {
		return nil, err
	}
	r := s.request()
	p, warnings, err := r.loadCompose(ctx)
	if err != nil {
		return nil, s.add(plain(err)).Err()
	}
	if p, err = resolveFiles(p); err != nil {
		return nil, s.add(plain(err)).Err()
	}
	for _, w := range warnings {
		s.add(diag.List{{Code: "DCE125", Severity: diag.Warning, Summary: w}})
	}
	return &Project{Compose: p, Files: s.place.files, Config: s.config, Locate: func(...string) diag.Pos { return diag.Pos{} }, Warnings: s.problems.Sorted()}, nil
}

func (s *session) add(l diag.List) diag.List {
	s.problems = append(s.problems, l...)
	return s.problems
}

// find settles which files make the project and what interpolation sees.
func (s *session) find() {
	process := s.env
	if len(s.options.EnvFiles) == 0 {
		// COMPOSE_FILE and the like may stand in .env of the directory to start in.
		s.env, _ = withEnvFiles(process, defaultEnvFile(s.start, process))
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
	env, d := withEnvFiles(strong, s.envFiles(process))
	s.add(d)
	maps.Copy(env, s.options.TaskEnv)
	s.env = env
}

// envFiles are the files named by flag; else those of dce.yaml's top, or .env
// where it names none, and those of the environment.
func (s *session) envFiles(process map[string]string) []string {
	var files []string
	for _, f := range s.options.EnvFiles {
		files = append(files, absolute(s.start, f))
	}
	if len(files) > 0 {
		return files
	}
	if len(get[[]string](layers{top: s.layers.top}.merge(), "env_files")) > 0 {
		return s.config.EnvFiles
	}
	return append(defaultEnvFile(s.place.dir, process), s.config.EnvFiles...)
}

func (s *session) read() {
	for _, f := range s.place.files {
		src, d := readSource(f, s.options.Stdin)
		s.add(d)
		s.sources = append(s.sources, src)
	}
}

func (s *session) request() request {
	r := request{
		sources: s.sources, dir: s.place.dir, env: s.env,
		profiles: s.profiles(), services: s.options.Services, interpolate: !s.options.NoInterpolate,
	}
	r.name = s.name()
	return r
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
				name = s.interpolated(n.Value)
			}
		}
	}
	return loader.NormalizeProjectName(name)
}

// interpolated is the text with its variables filled in; what is wrong with them
// compose-go says.
func (s *session) interpolated(text string) string {
	out, err := template.SubstituteWithOptions(text, func(k string) (string, bool) {
		v, ok := s.env[k]
		return v, ok
	}, template.WithoutLogging)
	if err != nil {
		return ""
	}
	return out
}
