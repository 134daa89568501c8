package project

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// Parts are what a project is made of, for one that travels to where the
// deployer's files and environment are not.
type Parts struct {
	// Root is the directory that all parts are below, Dir the one that relative
	// paths in the compose files are relative to. Both absolute.
	Root, Dir string
	// Sources are the files that were read to merge the project: compose files,
	// those that they include and extend, and the env files of includes. Absolute.
	Sources []string
	// EnvFiles are those of the services, and their files of labels.
	EnvFiles []EnvFile
	// Values are the variables that the files name and the deployer has, those of
	// the task left out.
	Values map[string]string
	// Secret are the names of variables that give a secret key its value, and of
	// secret keys themselves: their values must not travel.
	Secret []string
	// Literals are secret keys whose value stands in a compose file, each by the
	// path to it.
	Literals [][]string
}

// EnvFile is a file that gives a service values or labels.
type EnvFile struct {
	Path string
	// Optional: it may be missing.
	Optional bool
	// At leads to where it is named.
	At []string
}

// parts are found when a bundle is made, and by nobody else.
func (s *session) parts(merged *types.Project) Parts {
	u := &usage{session: s, secrets: s.config.Render.Secrets, used: map[string]string{}, secret: map[string]bool{}}
	for _, name := range u.secrets {
		u.secret[name] = true
	}
	for _, src := range s.all() {
		u.source = src
		for _, doc := range src.docs {
			u.walk(root(doc), nil)
		}
	}
	u.project(merged)
	maps.DeleteFunc(u.used, func(name, _ string) bool {
		_, ofTask := s.options.TaskEnv[name]
		_, ofCluster := s.deployed[name]
		return ofTask || ofCluster || u.secret[name]
	})
	p := Parts{Root: s.root(), Dir: s.place.dir, Values: u.used, Secret: slices.Sorted(maps.Keys(u.secret)), Literals: u.literals}
	p.EnvFiles = envFilesOf(merged)
	for _, src := range s.all() {
		p.Sources = append(p.Sources, src.path)
	}
	p.Sources = append(p.Sources, s.includedEnv...)
	slices.Sort(p.Sources)
	p.Sources = slices.Compact(p.Sources)
	return p
}

func envFilesOf(merged *types.Project) []EnvFile {
	var all []EnvFile
	for _, name := range merged.ServiceNames() {
		for i, f := range merged.Services[name].EnvFiles {
			all = append(all, EnvFile{Path: f.Path, Optional: !bool(f.Required), At: []string{"services", name, "env_file", strconv.Itoa(i)}})
		}
		for i, f := range merged.Services[name].LabelFiles {
			all = append(all, EnvFile{Path: f, At: []string{"services", name, "label_file", strconv.Itoa(i)}})
		}
	}
	return all
}

// usage collects the variables that files name.
type usage struct {
	session  *session
	source   *source
	secrets  []string
	used     map[string]string
	secret   map[string]bool
	literals [][]string
}

func (u *usage) walk(n *yaml.Node, path []string) {
	n = deref(n)
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for _, p := range pairs(n) {
			u.walk(p.value, below(path, p.key.Value))
		}
	case n.Kind == yaml.SequenceNode:
		for _, item := range items(n) {
			key, _, _ := strings.Cut(item.Value, "=")
			u.walk(item, below(path, key))
		}
	default:
		u.scalar(n, path)
	}
}

// scalar notes what a text names. What names itself in a secret key is secret
// too.
func (u *usage) scalar(n *yaml.Node, path []string) {
	isSecret := len(path) == 4 && path[0] == "services" && path[2] == "environment" && slices.Contains(u.secrets, path[3])
	names := u.text(n.Value, func(k string) (string, bool) {
		v, ok := u.source.env[k]
		return v, ok
	})
	if isSecret && len(names) == 0 && hasLiteral(n, path[3]) {
		u.literals = append(u.literals, path)
	}
	for _, name := range names {
		if isSecret {
			u.secret[name] = true
		}
	}
}

func hasLiteral(n *yaml.Node, key string) bool {
	value, listed := strings.CutPrefix(n.Value, key)
	if listed {
		value, listed = strings.CutPrefix(value, "=")
	}
	if listed {
		return value != ""
	}
	return n.Value != "" && n.Value != key && n.ShortTag() != "!!null"
}

// text are the variables that a text names, found by filling them in.
func (u *usage) text(text string, lookup func(string) (string, bool)) []string {
	if !strings.Contains(text, "$") {
		return nil
	}
	var names []string
	_, _ = template.SubstituteWithOptions(text, func(k string) (string, bool) { // what is wrong with it, loading has said
		names = append(names, k)
		v, ok := lookup(k)
		u.name(k)
		return v, ok
	}, template.WithoutLogging)
	return names
}

// name notes a variable and the value that the project has for it.
func (u *usage) name(name string) {
	if v, ok := u.session.env[name]; ok {
		u.used[name] = v
	}
}

// project notes what the merged project takes from the environment by name
// alone, and what its env files name.
func (u *usage) project(merged *types.Project) {
	for _, s := range merged.Services {
		for key, value := range s.Environment {
			if value == nil {
				u.name(key)
			}
		}
		for _, f := range s.EnvFiles {
			// Loading has read it; a file that need not exist has no names.
			_, _ = readEnvFile(f.Path, func(k string) (string, bool) {
				u.name(k)
				v, ok := u.session.env[k]
				return v, ok
			})
		}
	}
	for _, c := range merged.Configs {
		if c.Environment != "" {
			u.name(c.Environment)
		}
	}
	for _, s := range merged.Secrets {
		if s.Environment != "" {
			u.secret[s.Environment] = true
		}
	}
}
