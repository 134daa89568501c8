package project

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
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
	// Relative are the absolute paths of bind mounts that a file names relative to
	// itself or to somebody's home.
	Relative []string
	// Keys are the environment keys of services whose values are secret: those of
	// `secrets`, those that app.secrets names, the variables of compose secrets, and
	// those that a secret variable gives its value.
	Keys []string
	// Secret are the variables that give a secret its value: those do not travel.
	Secret []string
	// Known are the values of secrets as the deployer has them, by name.
	Known map[string][]string
	// Credentials are the references to the deployer's own, those of other
	// environments too, each with the setting that it stands at.
	Credentials map[string]string
	// Literals are secret keys whose value stands in a compose file, and Misused
	// other places that a secret variable is used in, by the path to each.
	Literals, Misused [][]string
}

// EnvFile is a file that gives a service values or labels.
type EnvFile struct {
	Path string
	// Format is what the compose file says of it, empty for that of .env.
	Format string
	// Optional: it may be missing.
	Optional bool
	// At leads to where it is named.
	At []string
}

// parts are found when a bundle is made, and by nobody else.
func (s *session) parts(merged *types.Project) Parts {
	u := newUsage(s)
	u.secretVariables(merged)
	u.follow(merged)
	if len(u.suspects) > 0 { // what travels can be read by many
		maps.Copy(u.secret, u.suspects)
		u.follow(merged)
	}
	p := Parts{
		Relative: slices.Sorted(maps.Keys(u.relative)), Root: s.root(), Dir: s.place.dir, EnvFiles: envFilesOf(merged), Values: u.used, Known: map[string][]string{}, Credentials: s.credentials(),
		Keys: slices.Sorted(maps.Keys(u.keys)), Secret: slices.Sorted(maps.Keys(u.secret)), Literals: u.literals, Misused: u.misused,
	}
	for name := range u.secret {
		if values := s.known(name); len(values) > 0 {
			p.Known[name] = values
		}
	}
	maps.DeleteFunc(u.used, func(name, _ string) bool {
		_, ofTask := s.options.TaskEnv[name]
		_, ofCluster := s.deployed[name]
		return ofTask || ofCluster || u.secret[name]
	})
	for _, src := range s.all() {
		p.Sources = append(p.Sources, src.path)
	}
	p.Sources = append(p.Sources, s.includedEnv...)
	slices.Sort(p.Sources)
	p.Sources = slices.Compact(p.Sources)
	return p
}

// known are the values that a secret has here: the one that interpolation sees,
// the one that stands here for what the cluster will give, and the one that the
// app would be given in clear.
func (s *session) known(name string) []string {
	var values []string
	for _, env := range []map[string]string{s.env, s.own, s.config.App.Env} {
		if v := env[name]; v != "" && v != SecretOnAgent && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// credentials are those that files of settings name for any environment, since
// what is mounted may hold them all, and those in effect.
func (s *session) credentials() map[string]string {
	all := map[string]string{}
	note := func(setting string, value any) {
		if reference, ok := value.(string); ok && credentialSetting.MatchString(setting) {
			all[reference] = setting
		}
	}
	for _, one := range s.written {
		note(one.path, one.value)
	}
	for _, one := range s.config.settings {
		note(one.Path, one.Value)
	}
	return all
}

var credentialSetting = regexp.MustCompile(`^(environments\.[^.]+\.)?target\.(artifacts\.)?credentials\.(basic|token)$`)

func envFilesOf(merged *types.Project) []EnvFile {
	var all []EnvFile
	for _, name := range merged.ServiceNames() {
		for i, f := range merged.Services[name].EnvFiles {
			all = append(all, EnvFile{Path: f.Path, Format: f.Format, Optional: !bool(f.Required), At: []string{"services", name, "env_file", strconv.Itoa(i)}})
		}
		for i, f := range merged.Services[name].LabelFiles {
			all = append(all, EnvFile{Path: f, At: []string{"services", name, "label_file", strconv.Itoa(i)}})
		}
	}
	return all
}

// usage collects the variables that files name.
type usage struct {
	session *session
	source  *source
	used    map[string]string
	// keys are secret keys of environments, secret are variables.
	keys, secret      map[string]bool
	literals, misused [][]string
	relative          map[string]bool
	// suspects are variables of secret keys that are made of several, of which none
	// is known as a secret: one of them is, but nothing tells which.
	suspects map[string]bool
}

func newUsage(s *session) *usage {
	u := &usage{session: s, used: map[string]string{}, keys: map[string]bool{}, secret: map[string]bool{}, relative: map[string]bool{}}
	for _, name := range s.config.Render.Secrets {
		u.keys[name], u.secret[name] = true, true
	}
	for name := range s.config.App.Secrets {
		u.keys[name], u.secret[name] = true, true
	}
	for _, name := range s.options.SecretEnv {
		u.keys[name], u.secret[name] = true, true
	}
	return u
}

// all looks at every file.
func (u *usage) all() {
	u.literals, u.misused, u.suspects = nil, nil, map[string]bool{}
	for _, src := range u.session.all() {
		u.source = src
		for _, doc := range src.docs {
			u.walk(root(doc), nil)
		}
	}
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

// scalar notes what a text names.
func (u *usage) scalar(n *yaml.Node, path []string) {
	names := u.text(n.Value, func(k string) (string, bool) {
		v, ok := u.source.env[k]
		return v, ok
	})
	if len(path) > 3 && path[0] == "services" && path[2] == "volumes" {
		u.bind(n.Value)
	}
	switch {
	case len(path) == 4 && path[0] == "services" && path[2] == "environment":
		u.environment(n, path, names)
	case len(path) > 2 && path[2] == "build": // built before it is deployed
	case u.anySecret(names):
		u.misused = append(u.misused, path)
	}
}

// bind notes a source that is no absolute path. What is no source resolves to a
// path that nobody mounts.
func (u *usage) bind(text string) {
	source, _, _ := strings.Cut(u.source.interpolate(text), ":")
	home, inHome := strings.CutPrefix(source, "~")
	switch {
	case inHome:
		if dir, err := os.UserHomeDir(); err == nil { // compose-go takes the same
			u.relative[filepath.Join(dir, home)] = true
		}
	case strings.HasPrefix(source, "."):
		u.relative[absolute(u.source.dir, source)] = true
	}
}

// environment looks at a key of a service: one that a secret variable gives its
// value is secret, and so is the variable that gives a secret key its value. A
// key alone takes the variable of its name.
func (u *usage) environment(n *yaml.Node, path, names []string) {
	key := path[3]
	if keyAlone(n, key) {
		names = []string{key}
	}
	switch {
	case u.anySecret(names): // and what else the value is made of is none
		u.keys[key] = true
	case !u.keys[key]:
	case len(names) > 0:
		u.reveal(names)
	case hasLiteral(n, key):
		u.literals = append(u.literals, path)
	}
}

// reveal takes the variables that a secret key is made of: the only one is the
// secret. Among several, what the task gives is not
// (https://${HOST}:${PORT0}/?key=${API_KEY}).
func (u *usage) reveal(names []string) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if len(names) > 1 {
		names = slices.DeleteFunc(names, func(name string) bool {
			_, ofTask := u.session.options.TaskEnv[name]
			return ofTask
		})
	}
	for _, name := range names {
		if len(names) == 1 {
			u.secret[name] = true
		} else {
			u.suspects[name] = true
		}
	}
}

// follow looks at all files until nothing more becomes secret: a key makes its
// variables so, and these make other keys so.
func (u *usage) follow(merged *types.Project) {
	for grown := -1; grown != len(u.keys)+len(u.secret); {
		grown = len(u.keys) + len(u.secret)
		u.all()
	}
	u.project(merged)
	maps.Copy(u.keys, u.secret) // an environment may have a key of that name by another way
}

func (u *usage) anySecret(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return u.secret[name] })
}

func hasLiteral(n *yaml.Node, key string) bool {
	if rest, ok := strings.CutPrefix(n.Value, key+"="); ok {
		return rest != ""
	}
	return n.Value != "" && !keyAlone(n, key)
}

func keyAlone(n *yaml.Node, key string) bool { return n.Value == key || n.ShortTag() == "!!null" }

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
			u.envFile(f)
		}
	}
	for _, c := range merged.Configs {
		if c.Environment != "" {
			u.name(c.Environment)
		}
	}
	for _, name := range merged.ConfigNames() {
		if u.secret[merged.Configs[name].Environment] {
			u.misused = append(u.misused, []string{"configs", name, "environment"})
		}
	}
}

// secretVariables are those that compose secrets are made of.
func (u *usage) secretVariables(merged *types.Project) {
	for _, s := range merged.Secrets {
		if s.Environment != "" {
			u.secret[s.Environment] = true
		}
	}
}

// envFile looks at an env file. Loading has read it; one that need not exist
// names nothing.
func (u *usage) envFile(f types.EnvFile) {
	data, err := readLimited(f.Path, nil)
	if err != nil {
		return
	}
	lookup := func(k string) (string, bool) {
		u.name(k)
		v, ok := u.session.env[k]
		return v, ok
	}
	_ = checkServiceEnv(f, lookup)
	if f.Format == rawFormat { // its values name no variables
		return
	}
	for _, st := range envStatements(string(data)) {
		names := u.text(st.value, lookup)
		if !u.keys[st.key] && u.anySecret(names) {
			u.misused = append(u.misused, []string{f.Path, st.key})
		}
	}
}
