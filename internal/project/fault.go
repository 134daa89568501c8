package project

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// fault is one place where a document breaks the schema.
type fault struct {
	path    []string
	kind    jsonschema.ErrorKind
	unknown bool     // the last key of path is not known
	known   []string // the keys that are
	missing bool     // a key is lacking there
}

func newFault(e *jsonschema.ValidationError) fault {
	_, missing := e.ErrorKind.(*kind.Required)
	return fault{path: e.InstanceLocation, kind: e.ErrorKind, missing: missing}
}

func (f fault) diagnostic(s *source, top *yaml.Node) diag.Diagnostic {
	key, value := nodeAt(top, f.path)
	if f.unknown {
		return f.unknownKey(s, key)
	}
	d := diag.Diagnostic{Code: "DCE105", Pos: s.at(value)}
	if value.Kind != yaml.ScalarNode && key != nil {
		d.Pos = s.at(key)
	}
	name := dotted(f.path)
	switch k := f.kind.(type) {
	case *kind.Type:
		d.Summary = fmt.Sprintf("%s must be %s, not %s", name, typeWords(k.Want), kindWord(value))
		d.Hint = typeHint(k.Want, value)
	case *kind.Enum:
		d.Summary = fmt.Sprintf("%s must be one of %s", name, enumWords(k.Want))
		d.Hint = didYouMean(value.Value, enumList(k.Want), "choose one of")
	case *kind.Required:
		d.Summary = fmt.Sprintf("%s lacks %s", name, strings.Join(k.Missing, " and "))
		d.Hint = fmt.Sprintf("write `%s:` below it", k.Missing[0])
	default:
		d.Summary = name + " " + violation(f.kind)
		d.Hint = "see https://docs.docker.com/reference/compose-file/ for what it may hold"
	}
	return d
}

// violation says in words which rule is broken, for the rules that the compose
// schema has.
func violation(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Pattern:
		return fmt.Sprintf("must look like %s, which %q does not", k.Want, k.Got)
	case *kind.Format:
		return fmt.Sprintf("must be a %s, which %v is not", k.Want, k.Got)
	case *kind.Minimum:
		return "must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return "must be at most " + k.Want.RatString()
	case *kind.UniqueItems:
		return fmt.Sprintf("has the same element twice: numbers %d and %d", k.Duplicates[0]+1, k.Duplicates[1]+1)
	case *kind.MinItems, *kind.MinProperties, *kind.MinLength:
		return "must not be empty"
	case *kind.PropertyNames:
		return fmt.Sprintf("has a key that cannot be one: %q", k.Property)
	default:
		return "breaks a rule of the compose format: " + strings.Join(k.KeywordPath(), " ")
	}
}

func (f fault) unknownKey(s *source, key *yaml.Node) diag.Diagnostic {
	last := f.path[len(f.path)-1]
	where := "at the top of a compose file"
	if len(f.path) > 1 {
		where = "in " + dotted(f.path[:len(f.path)-1])
	}
	d := diag.Diagnostic{Code: "DCE104", Summary: fmt.Sprintf("unknown key %q %s", last, where), Pos: s.at(key)}
	switch instead := retired(last); {
	case instead != "" && len(f.path) == 3:
		d.Detail = "It belongs to an old version of the format."
		d.Hint = "write " + instead + " in its place"
	case len(f.known) == 0:
		d.Summary = fmt.Sprintf("%q cannot be a name %s", last, where)
		d.Hint = "use letters, digits, dots, - and _"
	default:
		d.Hint = didYouMean(last, f.known, "")
		if strings.HasPrefix(d.Hint, ":") {
			d.Hint = "remove it, or move it to where it belongs; keys of your own begin with x-"
		}
	}
	return d
}

// retired is what took the place of a service's key of format version 1 or 2.
func retired(key string) string {
	return map[string]string{
		"net": "network_mode", "log_driver": "logging.driver", "log_opt": "logging.options", "dockerfile": "build.dockerfile",
		"volume_driver": "volumes.NAME.driver at the top", "memswap": "memswap_limit", "mem": "mem_limit",
	}[key]
}

// nodeAt is the entry that a path leads to: the key of the innermost mapping, and the
// value.
func nodeAt(n *yaml.Node, path []string) (key, value *yaml.Node) {
	value = deref(n)
	for _, k := range path {
		switch value.Kind {
		case yaml.SequenceNode:
			i, err := strconv.Atoi(k)
			all := items(value)
			if err != nil || i < 0 || i >= len(all) {
				return key, value
			}
			key, value = nil, all[i]
		default:
			p := entry(value, k)
			if p.value == nil {
				return key, value
			}
			key, value = p.key, p.value
		}
	}
	return key, value
}

// typeWords names JSON types as a person who writes YAML does.
func typeWords(want []string) string {
	words := map[string]string{
		"object": "a mapping", "array": "a list", "string": "a string", "number": "a number", "integer": "a whole number", "boolean": "true or false", "null": "nothing",
	}
	var all []string
	for _, w := range want {
		if !slices.Contains(all, words[w]) && (w != "null" || len(want) == 1) {
			all = append(all, words[w])
		}
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

func typeHint(want []string, value *yaml.Node) string {
	switch {
	case slices.Contains(want, "string") && value.Kind == yaml.ScalarNode && value.ShortTag() != "!!null":
		return fmt.Sprintf("put it in quotes: %q", value.Value)
	case slices.Contains(want, "array") && value.Kind == yaml.ScalarNode && value.Value != "":
		return fmt.Sprintf("write it as a list: [%s]", value.Value)
	case value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null":
		return "give it a value, or remove the key"
	default:
		return "look at the indentation, and at what https://docs.docker.com/reference/compose-file/ says of this key"
	}
}

func enumList(want []any) []string {
	all := make([]string, len(want))
	for i, w := range want {
		all[i] = fmt.Sprint(w)
	}
	return all
}

func enumWords(want []any) string { return strings.Join(enumList(want), ", ") }
