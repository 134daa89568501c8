package project

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dce/internal/diag"
)

// OriginKind says what sort of place a setting comes from.
type OriginKind string

// The places that settings come from.
const (
	OriginDefault OriginKind = "default"
	OriginFile    OriginKind = "file"
	OriginEnv     OriginKind = "environment"
	OriginFlag    OriginKind = "flag"
)

// Origin is where a setting comes from: Pos for a file, Name for a variable or
// a flag.
type Origin struct {
	Kind OriginKind
	Pos  diag.Pos
	Name string
}

// String is file:line:column, the variable's or the flag's name, or "default".
func (o Origin) String() string {
	switch o.Kind {
	case OriginFile:
		return o.Pos.String()
	case OriginEnv, OriginFlag:
		return o.Name
	default:
		return "default"
	}
}

// Setting is one effective value and where it comes from.
type Setting struct {
	Path string
	// Value is the value as dce.yaml would have it: string, bool, int, float64,
	// []string, or what a target holds.
	Value  any
	Origin Origin
	// within are the places of what the value consists of, by their paths below
	// the setting's.
	within map[string]diag.Pos
}

// Flag is a flag of the command line that sets a key of dce.yaml.
type Flag struct {
	// Path is the key, such as "resources.mem".
	Path string
	// Value is the flag's text; a list is separated by commas.
	Value string
	// Name is the flag as typed, such as "--mem".
	Name string
}

const environmentsKey = "environments"

// layers are the settings of every place, weakest first within each group.
type layers struct {
	top         []setting
	compose     []setting
	environment []setting
	process     []setting
	final       []setting
}

// merge lays the groups over each other: defaults, the tops of the files, x-dce of
// the compose files, the environment's parts of the files, variables and flags, and on agents the
// machine's own file.
// x-dce stands above dce.yaml's top because compose.prod.yaml is more special than it.
func (l layers) merge() map[string]setting {
	merged := map[string]setting{}
	for _, s := range slices.Concat(defaults(), l.top, l.compose, l.environment, l.process, l.final) {
		if weaker, ok := merged[s.path]; ok && s.field.Adds {
			s.value, s.within = union(weaker.value, s.value), nil
		}
		merged[s.path] = s
	}
	return merged
}

func union(weaker, stronger any) any {
	list := slices.Clone(weaker.([]string))
	for _, v := range stronger.([]string) {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

func defaults() []setting {
	var all []setting
	fields := allFields()
	for i, f := range fields {
		if f.Default == "" {
			continue
		}
		// A test holds that every default is a value of its field's type.
		v, _ := f.parse(f.Default)
		all = append(all, setting{path: f.Path, field: &fields[i], value: v, origin: Origin{Kind: OriginDefault}})
	}
	return all
}

// split sorts a file's settings into those of its top and those of the
// environment chosen.
func split(all []setting, environment string) (top, chosen []setting) {
	prefix := environmentsKey + "." + environment + "."
	for _, s := range all {
		switch {
		case !strings.HasPrefix(s.path, environmentsKey+"."):
			top = append(top, s)
		case environment != "" && strings.HasPrefix(s.path, prefix):
			s.path = strings.TrimPrefix(s.path, prefix)
			chosen = append(chosen, s)
		}
	}
	return top, chosen
}

// fromProcess are the settings of DCE_* variables, then those of flags.
func fromProcess(env map[string]string, flags []Flag) ([]setting, diag.List) {
	var (
		all      []setting
		problems diag.List
	)
	fields := allFields()
	take := func(f *Field, text string, o Origin, code diag.Code) {
		v, err := f.parseText(text)
		if err != nil {
			problems = append(problems, diag.Diagnostic{
				Code: code, Summary: fmt.Sprintf("%s must be %s, not %q", o.Name, f.want(), text), Hint: wrongHint(text, f),
			})
			return
		}
		all = append(all, setting{path: f.Path, field: f, value: v, origin: o})
	}
	for i, f := range fields {
		if text := env[f.Env]; f.Env != "" && text != "" {
			take(&fields[i], text, Origin{Kind: OriginEnv, Name: f.Env}, "DCE204")
		}
	}
	for _, flag := range flags {
		if i := slices.IndexFunc(fields, func(f Field) bool { return f.Path == flag.Path }); i >= 0 {
			take(&fields[i], flag.Value, Origin{Kind: OriginFlag, Name: flag.Name}, "DCE205")
		}
	}
	return all, problems
}

// parseText reads a value of any type from a variable or a flag.
func (f *Field) parseText(text string) (any, error) {
	if f.Type != TypeStrings && f.Type != TypePaths {
		return f.parse(text)
	}
	list := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list, nil
}

// settingsOf lists what is in effect, sorted by path.
func settingsOf(merged map[string]setting) []Setting {
	all := make([]Setting, 0, len(merged))
	for _, path := range slices.Sorted(maps.Keys(merged)) {
		s := merged[path]
		v := s.value
		if d, ok := v.(time.Duration); ok {
			v = d.String()
		}
		all = append(all, Setting{Path: path, Value: v, Origin: s.origin, within: s.within})
	}
	return all
}

// personalConfig is the user's own file, $XDG_CONFIG_HOME/dce/config.yaml;
// empty when the environment names no home, and on an agent, where the job could
// name any.
func (s *session) personalConfig() string {
	if s.options.SystemWins {
		return ""
	}
	base := s.env["XDG_CONFIG_HOME"]
	if base == "" && s.env["HOME"] != "" {
		base = filepath.Join(s.env["HOME"], ".config")
	}
	if base == "" {
		return ""
	}
	return filepath.Join(base, "dce", "config.yaml")
}
