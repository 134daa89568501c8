package project

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// maxFiles bounds how many files a project may be made of.
const maxFiles = 256

// gatherer follows include and extends as compose-go will, so that every file is
// checked before compose-go opens it.
type gatherer struct {
	root     string
	included []*source
	extended map[string]*source
	envFiles []string
	opened   int
	problems diag.List
}

func (g *gatherer) problem(d diag.Diagnostic) { g.problems = append(g.problems, d) }

// group follows the references of files that are merged with each other. The
// chain holds the files that led here.
func (g *gatherer) group(sources []*source, chain []string) {
	for _, s := range sources {
		for _, doc := range s.docs {
			for _, n := range items(child(root(doc), "include")) {
				g.include(s, n, append(slices.Clone(chain), s.path))
			}
			for _, p := range pairs(child(root(doc), "services")) {
				g.extends(s, p.value)
			}
		}
	}
}

// include follows one entry: a path, or a mapping with path, project_directory and
// env_file (compose-go loader/include.go).
func (g *gatherer) include(from *source, n *yaml.Node, chain []string) {
	paths := []*yaml.Node{n}
	if n.Kind == yaml.MappingNode {
		paths = listOf(child(n, "path"))
	}
	var sources []*source
	dir := ""
	for _, p := range paths {
		path, ok := g.allowed(from, p)
		if !ok {
			return
		}
		if slices.Contains(chain, path) {
			g.problem(diag.Diagnostic{
				Code: "DCE126", Summary: "the file includes itself", Pos: from.at(p),
				Detail: "By way of " + strings.Join(chain, " -> ") + " -> " + path + ".", Hint: "remove one of these includes",
			})
			return
		}
		if dir == "" {
			dir = g.includeDir(from, n, path)
		}
		if s := g.read(path, from.at(p)); s != nil {
			s.dir = dir
			sources = append(sources, s)
		}
	}
	env := g.includeEnv(from, n, dir)
	for _, s := range sources {
		s.env = env
	}
	g.included = append(g.included, sources...)
	g.group(sources, chain)
}

func (g *gatherer) includeDir(from *source, n *yaml.Node, first string) string {
	d := child(n, "project_directory")
	if d == nil || d.Value == "" {
		return filepath.Dir(first)
	}
	if dir, ok := g.allowed(from, d); ok {
		return dir
	}
	return from.dir // a problem was told
}

// includeEnv is the environment of included files: their own env files, below
// what the project's environment has.
func (g *gatherer) includeEnv(from *source, n *yaml.Node, dir string) map[string]string {
	files := slices.DeleteFunc(defaultEnvFile(dir, nil), func(path string) bool { // it may be a link
		if inside(g.root, path) {
			return false
		}
		g.problem(outside(g.root, path, path, from.at(n)))
		return true
	})
	if given := listOf(child(n, "env_file")); len(given) > 0 {
		files = nil
		for _, f := range given {
			if f.Value == "/dev/null" {
				continue
			}
			if path, ok := g.allowed(from, f); ok {
				files = append(files, path)
			}
		}
	}
	g.envFiles = append(g.envFiles, files...)
	read, d := withEnvFiles(from.env, files)
	g.problems = append(g.problems, d...)
	return read
}

// extends follows a service that extends one of another file.
func (g *gatherer) extends(from *source, service *yaml.Node) {
	f := child(service, "extends", "file")
	if f == nil || f.Kind != yaml.ScalarNode {
		return
	}
	path, ok := g.allowed(from, f)
	if !ok || g.extended[path] != nil {
		return
	}
	s := g.read(path, from.at(f))
	if s == nil {
		return
	}
	s.dir, s.env = filepath.Dir(path), from.env
	g.extended[path] = s
	for _, doc := range s.docs {
		for _, p := range pairs(child(root(doc), "services")) {
			g.extends(s, p.value)
		}
	}
}

// allowed resolves a reference and says whether it may be opened.
func (g *gatherer) allowed(from *source, n *yaml.Node) (string, bool) {
	text := from.interpolate(n.Value)
	if n.Kind != yaml.ScalarNode || text == "" {
		return "", false
	}
	if isRemote(text) {
		g.problem(diag.Diagnostic{
			Code: "DCE123", Summary: fmt.Sprintf("%s is on another machine", text), Pos: from.at(n),
			Detail: "What a pod is made of is all in its project: the same files give the same pod, and an agent needs no network to read them.",
			Hint:   "put a copy of the file into the project",
		})
		return "", false
	}
	path := from.reference(n.Value)
	if strings.HasPrefix(text, "~") || !inside(g.root, path) {
		g.problem(outside(g.root, path, text, from.at(n)))
		return "", false
	}
	return path, true
}

func (g *gatherer) read(path string, from diag.Pos) *source {
	g.opened++
	if g.opened > maxFiles {
		if g.opened == maxFiles+1 {
			g.problem(diag.Diagnostic{Code: "DCE118", Summary: fmt.Sprintf("the project is made of more than %d files", maxFiles), Pos: from, Hint: "merge some of them"})
		}
		return nil
	}
	s, d := readSource(path, nil)
	for i := range d {
		d[i] = referred(d[i], from)
	}
	g.problems = append(g.problems, d...)
	return s
}

// referred places a problem of a whole file where the file is named.
func referred(d diag.Diagnostic, from diag.Pos) diag.Diagnostic {
	if d.Pos.Line > 0 {
		d.Related = append(d.Related, diag.Related{Pos: from, Note: "the file is named here"})
		return d
	}
	d.Summary = fmt.Sprintf("%s: %s", d.Pos.File, d.Summary)
	if d.Code == "DCE102" {
		d.Hint = "correct the name: it is relative to the directory of the first compose file, or of the file that is extended"
	}
	d.Pos = from
	return d
}

// listOf is a list, or one value in place of it.
func listOf(n *yaml.Node) []*yaml.Node {
	if n != nil && n.Kind == yaml.ScalarNode {
		return []*yaml.Node{n}
	}
	return items(n)
}

// isRemote: the forms that Docker Compose's loaders for git and OCI accept, and URLs.
func isRemote(ref string) bool {
	return strings.Contains(ref, "://") || strings.HasPrefix(ref, "git@") || strings.HasPrefix(ref, "github.com/")
}

// reference is the absolute path of a name in the file.
func (s *source) reference(name string) string {
	return absolute(s.dir, s.interpolate(name))
}

// interpolate fills in the variables of a text; what is wrong with them compose-go says.
func (s *source) interpolate(text string) string {
	if _, work := fillingCost(text, func(name string) int { return len(s.env[name]) }); work > maxNodes {
		return "" // checkSize reports it
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

// gather reads what the compose files refer to.
func (s *session) gather() {
	g := &gatherer{root: s.root(), extended: map[string]*source{}}
	g.group(s.sources, nil)
	s.add(g.problems)
	s.included, s.extended, s.includedEnv = g.included, g.extended, g.envFiles
	s.locator = &locator{sources: slices.Concat(g.included, s.sources), extends: g.extended}
	s.checkSize()
	s.checkPaths()
}

// all are the sources of every role.
func (s *session) all() []*source {
	all := slices.Concat(s.sources, s.included)
	for _, path := range slices.Sorted(maps.Keys(s.extended)) {
		all = append(all, s.extended[path])
	}
	return all
}
