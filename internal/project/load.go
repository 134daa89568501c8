package project

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"dce/internal/diag"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"go.yaml.in/yaml/v4"
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
	options  Options
	start    string
	env      map[string]string
	place    place
	sources  []*source
	problems diag.List
}

func (s *session) load(ctx context.Context) (*Project, error) {
	s.find()
	if err := s.problems.Err(); err != nil {
		return nil, err
	}
	s.read()
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
	return &Project{Compose: p, Files: s.place.files, Locate: func(...string) diag.Pos { return diag.Pos{} }, Warnings: s.problems.Sorted()}, nil
}

func (s *session) add(l diag.List) diag.List {
	s.problems = append(s.problems, l...)
	return s.problems
}

// find settles which files make the project and what interpolation sees.
func (s *session) find() {
	envFiles := make([]string, len(s.options.EnvFiles))
	for i, f := range s.options.EnvFiles {
		envFiles[i] = absolute(s.start, f)
	}
	process := s.env
	if len(envFiles) == 0 {
		// COMPOSE_FILE and the like may stand in .env of the directory to start in.
		s.env, _ = withEnvFiles(process, defaultEnvFile(s.start, process))
	}
	var d diag.List
	s.place, d = discover(s.start, s.options, s.env)
	s.add(d)
	s.applyEnvironment()
	if len(envFiles) == 0 {
		envFiles = defaultEnvFile(s.place.dir, process)
	}
	s.env, d = withEnvFiles(process, envFiles)
	s.add(d)
	maps.Copy(s.env, s.options.TaskEnv)
}

func (s *session) applyEnvironment() {
	name := s.options.Environment
	if name == "" {
		return
	}
	f := conventional(s.place, name)
	if f == "" {
		s.add(diag.List{{
			Code: "DCE202", Summary: fmt.Sprintf("no environment is called %q", name),
			Hint: "environments here: " + strings.Join(environmentsBeside(s.place.dir), ", "),
		}})
		return
	}
	s.place.files = append(s.place.files, f)
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
	var profiles []string
	for p := range strings.SplitSeq(s.env["COMPOSE_PROFILES"], ",") {
		if p = strings.TrimSpace(p); p != "" {
			profiles = append(profiles, p)
		}
	}
	return profiles
}

// name is the project's: -p, COMPOSE_PROJECT_NAME, the last `name:` of the
// files, the directory.
func (s *session) name() string {
	if s.options.Name != "" {
		return s.options.Name
	}
	if n := s.env["COMPOSE_PROJECT_NAME"]; n != "" {
		return n
	}
	name := filepath.Base(s.place.dir)
	for _, src := range s.sources {
		for _, doc := range src.docs {
			if n := scalar(doc, "name"); n != "" {
				name = s.interpolated(n)
			}
		}
	}
	return loader.NormalizeProjectName(name)
}

func (s *session) interpolated(text string) string {
	if s.options.NoInterpolate {
		return text
	}
	out, err := template.SubstituteWithOptions(text, func(k string) (string, bool) {
		v, ok := s.env[k]
		return v, ok
	}, template.WithoutLogging)
	if err != nil {
		return ""
	}
	return out
}

// scalar is the value of a top-level key of a document, empty when there is none.
func scalar(doc *yaml.Node, key string) string {
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return ""
	}
	m := doc.Content[0].Content
	for i := 0; i+1 < len(m); i += 2 {
		if m[i].Value == key && m[i+1].Kind == yaml.ScalarNode {
			return m[i+1].Value
		}
	}
	return ""
}
