package project

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"dce/internal/diag"
)

// configName is the project's own file, beside its compose files.
const configName = "dce.yaml"

// SystemConfig is the machine's file, written by its operator.
const SystemConfig = "/etc/dce/dce.yaml"

var environmentName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// configFile is one file in dce.yaml's format, decoded.
type configFile struct {
	settings     []setting
	environments []string
}

// readConfigFile decodes a file strictly. Without must, a file that is not
// there is an empty one.
func readConfigFile(path string, must bool) (configFile, diag.List) {
	if path == "" || !must && !exists(path) {
		return configFile{}, nil
	}
	src, problems := readSource(path, nil)
	if len(problems) > 0 {
		src.concealText()
	}
	for _, doc := range src.docs {
		src.conceal(root(doc), "")
	}
	d := &decoder{source: src, problems: src.veil(configCodes(problems))}
	tree := newKeyTree(Fields())
	var c configFile
	for _, doc := range src.docs {
		if len(doc.Content) == 0 {
			continue
		}
		d.mapping(doc.Content[0], tree, nil)
		for _, p := range pairs(child(doc.Content[0], environmentsKey)) {
			c.environments = append(c.environments, p.key.Value)
			if !environmentName.MatchString(p.key.Value) {
				d.problem("DCE201", p.key, fmt.Sprintf("%q cannot be the name of an environment", p.key.Value), "use letters, digits, - and _")
			}
		}
	}
	c.settings = d.settings
	return c, d.problems
}

// configCodes gives problems of reading a YAML file the codes of the
// configuration.
func configCodes(l diag.List) diag.List {
	l = slices.Clone(l)
	for i, d := range l {
		switch d.Code {
		case "DCE102":
			l[i].Code = "DCE203"
		case "DCE115":
			l[i].Code = "DCE206"
		}
	}
	return l
}

// configPath is where the project's dce.yaml stands or would stand; named says
// that a person named it, so it must exist.
func (s *session) configPath() (path string, named bool) {
	given := s.options.Config
	if given == "" {
		given = s.env["DCE_CONFIG"]
	}
	if given != "" {
		return absolute(s.start, given), true
	}
	return filepath.Join(s.place.dir, configName), false
}

// readConfig reads the files of settings and the process' own into layers.
func (s *session) readConfig() {
	path, named := s.configPath()
	system := s.options.SystemConfig
	if system == "" {
		system = SystemConfig
	}
	var names []string
	for _, f := range []struct {
		path string
		must bool
	}{{system, false}, {s.personalConfig(), false}, {path, named}} {
		if f.path == path && exists(path) && s.refused(path) {
			continue
		}
		if f.path != system && s.options.Values != nil {
			continue // the deployer has decided, by files that did not travel
		}
		c, d := readConfigFile(f.path, f.must)
		s.add(d)
		s.written = append(s.written, c.settings...)
		top, chosen := split(c.settings, s.options.Environment)
		names = append(names, c.environments...)
		if f.path == system {
			s.add(allowProblems(top))
			s.operator = newOperator(top)
		} else {
			s.add(notOperators(top))
		}
		switch {
		case f.path == system && s.options.SystemWins:
			s.layers.final = top
			continue
		case f.path != system:
			top, chosen = s.permitted(top), s.permitted(chosen)
		}
		s.layers.top = append(s.layers.top, top...)
		s.layers.environment = append(s.layers.environment, chosen...)
	}
	process, d := fromProcess(s.env, s.options.Flags)
	s.add(d)
	s.layers.process = s.permitted(process)
	s.environments = names
	if exists(path) && s.options.Values == nil {
		s.configFound = path
	}
}

// chooseFiles completes the place: the files that dce.yaml names or that are
// found, and those of the environment.
func (s *session) chooseFiles(named bool) {
	top := get[[]string](layers{top: s.layers.top}.merge(), "files")
	switch {
	case named:
	case len(top) > 0:
		s.place = namedPlace(s.start, top)
	default:
		p, d := search(s.place.dir, s.options.Environment == "")
		s.place = p
		s.add(d)
	}
	s.environments = append(s.environments, environmentsBeside(s.place)...)
	slices.Sort(s.environments)
	s.environments = slices.Compact(s.environments)
	s.addEnvironmentFiles()
}

func (s *session) addEnvironmentFiles() {
	name := s.options.Environment
	if name == "" {
		return
	}
	if !slices.Contains(s.environments, name) {
		s.add(diag.List{s.unknownEnvironment(name)})
		return
	}
	files := get[[]string](layers{environment: s.layers.environment}.merge(), "files")
	if f := conventional(s.place, name); len(files) == 0 && f != "" {
		files = []string{f}
	}
	for _, f := range files {
		if !slices.Contains(s.place.files, f) {
			s.place.files = append(s.place.files, f)
		}
	}
}

func (s *session) unknownEnvironment(name string) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE202", Summary: fmt.Sprintf("no environment is called %q", name),
		Hint: didYouMean(name, s.environments, "the environments here are"),
		Pos:  diag.Pos{File: s.configFound},
	}
	if len(s.environments) > 0 {
		d.Detail = "There are: " + strings.Join(s.environments, ", ") + "."
		return d
	}
	d.Hint = fmt.Sprintf("write compose.%s.yaml beside the compose file, or environments.%s into dce.yaml", name, name)
	return d
}
