package project

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// setting is one value of one layer, before merging.
type setting struct {
	path   string
	field  *Field
	value  any
	origin Origin
	within map[string]diag.Pos
}

// decoder reads a mapping strictly against a table of fields. It collects
// every problem, and the settings that are right.
type decoder struct {
	source   *source
	settings []setting
	problems diag.List
	// expand gives a scalar its value; nil takes it as it is.
	expand func(string) string
}

func (d *decoder) mapping(n *yaml.Node, t *keyTree, path []string) {
	n = deref(n)
	if n.Kind != yaml.MappingNode {
		if n.ShortTag() != "!!null" {
			d.problem("DCE201", n, fmt.Sprintf("%s must be a mapping, not %s", subject(path), kindWord(n)), "write its keys below it, indented: "+strings.Join(t.keys(), ", "))
		}
		return
	}
	for _, p := range pairs(n) {
		sub := t.at(p.key.Value)
		here := append(slices.Clone(path), p.key.Value)
		switch {
		case sub == nil && strings.HasPrefix(p.key.Value, "x-"):
		case sub == nil:
			d.unknown(p.key, t, here)
		case sub.field != nil:
			d.field(p.value, sub.field, here)
		default:
			d.mapping(p.value, sub, here)
		}
	}
}

func subject(path []string) string {
	if len(path) == 0 {
		return "the file"
	}
	return strings.Join(path, ".")
}

func (d *decoder) unknown(key *yaml.Node, t *keyTree, path []string) {
	d.problem("DCE200", key, fmt.Sprintf("unknown key %q", strings.Join(path, ".")), didYouMean(key.Value, t.keys(), "the keys here"))
}

func (d *decoder) problem(code diag.Code, n *yaml.Node, summary, hint string) {
	d.problems = append(d.problems, diag.Diagnostic{Code: code, Summary: summary, Hint: hint, Pos: d.source.at(n)})
}

func (d *decoder) field(n *yaml.Node, f *Field, path []string) {
	if n.ShortTag() == "!!null" {
		return
	}
	switch f.Type {
	case TypeStrings, TypePaths:
		d.list(n, f, path)
	case TypeValues:
		d.values(n, f, path)
	case TypeAny:
		d.any(n, f, path)
	case TypeString, TypeBool, TypeInt, TypeNumber, TypeSize, TypeDuration:
		d.scalar(n, f, path)
	}
}

func (d *decoder) scalar(n *yaml.Node, f *Field, path []string) {
	name := strings.Join(path, ".")
	if n.Kind != yaml.ScalarNode {
		d.wrong(n, f, name, kindWord(n))
		return
	}
	if f.Type == TypeString && n.ShortTag() != "!!str" && d.expand == nil {
		d.wrong(n, f, name, kindWord(n))
		return
	}
	v, err := f.parse(d.text(n))
	if err != nil {
		d.wrong(n, f, name, fmt.Sprintf("%q", d.text(n)))
		return
	}
	d.add(n, f, name, v)
}

func (d *decoder) text(n *yaml.Node) string {
	if d.expand != nil {
		return d.expand(n.Value)
	}
	return n.Value
}

func (d *decoder) wrong(n *yaml.Node, f *Field, name, got string) {
	d.problem("DCE201", n, fmt.Sprintf("%s must be %s, not %s", name, f.want(), got), wrongHint(got, f))
}

func wrongHint(got string, f *Field) string {
	if s := suggestion(strings.Trim(got, `"`), f.Enum); s != "" {
		return "did you mean " + s + "?"
	}
	return "write, for example, " + f.example() + "; `dce explain " + f.Path + "` says more"
}

func (d *decoder) add(n *yaml.Node, f *Field, name string, v any) {
	d.settings = append(d.settings, setting{path: name, field: f, value: v, origin: Origin{Kind: OriginFile, Pos: d.source.at(n)}})
}

func (d *decoder) list(n *yaml.Node, f *Field, path []string) {
	name := strings.Join(path, ".")
	nodes := items(n)
	if n.Kind == yaml.ScalarNode {
		nodes = []*yaml.Node{n}
	} else if n.Kind != yaml.SequenceNode {
		d.wrong(n, f, name, kindWord(n))
		return
	}
	list, within := []string{}, map[string]diag.Pos{}
	for _, item := range nodes {
		if item.Kind != yaml.ScalarNode || item.ShortTag() == "!!null" {
			d.wrong(item, f, name, "one with "+kindWord(item)+" in it")
			continue
		}
		text := d.text(item)
		if f.Type == TypePaths {
			text = absolute(filepath.Dir(d.source.path), text)
		}
		within[strconv.Itoa(len(list))] = d.source.at(item)
		list = append(list, text)
	}
	d.add(n, f, name, list)
	d.settings[len(d.settings)-1].within = within
}

// within are the places of what is in a node, by their paths: "0", "0.protocol".
func (d *decoder) within(n *yaml.Node) map[string]diag.Pos {
	found := map[string]diag.Pos{}
	var visit func(n *yaml.Node, path string)
	visit = func(n *yaml.Node, path string) {
		if path != "" {
			found[path] = d.source.at(n)
			path += "."
		}
		switch n.Kind {
		case yaml.SequenceNode:
			for i, item := range items(n) {
				visit(item, path+strconv.Itoa(i))
			}
		case yaml.MappingNode:
			for _, p := range pairs(n) {
				visit(p.value, path+p.key.Value)
			}
		default:
		}
	}
	visit(n, "")
	return found
}

func (d *decoder) values(n *yaml.Node, f *Field, path []string) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, f, strings.Join(path, "."), kindWord(n))
		return
	}
	for _, p := range pairs(n) {
		name := strings.Join(path, ".") + "." + p.key.Value
		if p.value.Kind != yaml.ScalarNode {
			d.problem("DCE201", p.value, fmt.Sprintf("%s must be one value, not %s", name, kindWord(p.value)), "write, for example, "+p.key.Value+`: "1.0"`)
			continue
		}
		d.add(p.value, f, name, d.text(p.value))
	}
}

// any takes a mapping as it is: nobody here knows its keys yet.
func (d *decoder) any(n *yaml.Node, f *Field, path []string) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, f, strings.Join(path, "."), kindWord(n))
		return
	}
	for _, p := range pairs(n) {
		var v any
		if err := p.value.Decode(&v); err != nil {
			d.problem("DCE201", p.value, err.Error(), "")
			continue
		}
		d.add(p.value, f, strings.Join(path, ".")+"."+p.key.Value, d.expanded(v))
		d.settings[len(d.settings)-1].within = d.within(p.value)
	}
}

// expanded fills in the texts of a value.
func (d *decoder) expanded(v any) any {
	switch v := v.(type) {
	case string:
		if d.expand != nil {
			return d.expand(v)
		}
	case map[string]any:
		for key, inner := range v {
			v[key] = d.expanded(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = d.expanded(inner)
		}
	}
	return v
}
