package project

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// converter makes plain values of nodes, with variables filled in and cast as
// compose-go does, and keeps the place of everything that goes wrong on the way.
type converter struct {
	source      *source
	interpolate bool
	casts       map[tree.Path]interpolation.Cast
	forms       []form
	problems    diag.List
	bad         locations
	resets      bool
}

// locations are paths in a document.
type locations map[string]bool

const pathSeparator = "\x00"

func (l locations) add(path []string)      { l[strings.Join(path, pathSeparator)] = true }
func (l locations) has(path []string) bool { return l[strings.Join(path, pathSeparator)] }

// castsOf is compose-go's table of values that become numbers and booleans
// after interpolation.
func castsOf() map[tree.Path]interpolation.Cast {
	return loader.ToOptions(&types.ConfigDetails{}, nil).Interpolate.TypeCastMapping
}

func (c *converter) value(n *yaml.Node, path []string) any {
	n = deref(n)
	switch {
	case n.Tag == "!reset":
		c.resets = true
		return nil
	case n.Kind == yaml.MappingNode:
		return c.mapping(n, path)
	case n.Kind == yaml.SequenceNode:
		list := []any{}
		for i, item := range items(n) {
			list = append(list, c.value(item, below(path, strconv.Itoa(i))))
		}
		return list
	}
	return c.scalar(n, path)
}

func (c *converter) mapping(n *yaml.Node, path []string) map[string]any {
	m := map[string]any{}
	for _, p := range pairs(n) {
		if p.key.Kind != yaml.ScalarNode {
			continue // checkStructure reports it
		}
		m[p.key.Value] = c.value(p.value, below(path, p.key.Value))
	}
	return m
}

func (c *converter) scalar(n *yaml.Node, path []string) any {
	var v any
	if err := n.Decode(&v); err != nil {
		v = n.Value // a tag of somebody's own: the text stands for itself
	}
	text, isText := v.(string)
	if !c.interpolate {
		return v
	}
	if !isText {
		c.checkForm(n, v, path)
		return v
	}
	text, err := template.SubstituteWithOptions(text, func(k string) (string, bool) {
		v, ok := c.source.env[k]
		return v, ok
	}, template.WithoutLogging)
	if err != nil {
		c.problems = append(c.problems, c.interpolationProblem(n, err))
		c.bad.add(path)
		return v
	}
	if !c.checkForm(n, text, path) {
		return v
	}
	cast, err := c.cast(text, path)
	if err != nil {
		c.problems = append(c.problems, diag.Diagnostic{
			Code: "DCE105", Summary: fmt.Sprintf("%s: %q is not %s", dotted(path), text, castWord(err)), Pos: c.source.at(n),
			Hint: castHint(n.Value, text),
		})
		c.bad.add(path)
		return v
	}
	return cast
}

// checkForm checks a value that compose-go takes apart after validation.
func (c *converter) checkForm(n *yaml.Node, v any, path []string) bool {
	p := tree.NewPath(castPath(path)...)
	for _, f := range c.forms {
		if !p.Matches(f.path) {
			continue
		}
		if err := f.read(v); err != nil {
			c.problems = append(c.problems, diag.Diagnostic{
				Code: "DCE105", Summary: fmt.Sprintf("%s: %q is no %s", dotted(path), fmt.Sprint(v), f.word), Pos: c.source.at(n), Hint: f.hint, Cause: err,
			})
			c.bad.add(path)
			return false
		}
	}
	return true
}

func castWord(err error) string {
	if strings.Contains(err.Error(), "boolean") {
		return "true or false"
	}
	return "a number"
}

func castHint(raw, text string) string {
	if raw != text {
		return fmt.Sprintf("that is what %s comes to: set the variable, or give it a default with ${NAME:-value}", raw)
	}
	return "correct the value"
}

func (c *converter) interpolationProblem(n *yaml.Node, err error) diag.Diagnostic {
	d := diag.Diagnostic{Pos: c.source.at(n), Cause: err}
	if missing, ok := errors.AsType[*template.MissingRequiredError](err); ok {
		d.Code, d.Summary = "DCE107", fmt.Sprintf("the variable %s must be set", missing.Variable)
		if missing.Reason != "" {
			d.Summary += ": " + missing.Reason
		}
		d.Hint = fmt.Sprintf("set it in the environment (%s=...), in .env, or below `values` in dce.yaml", missing.Variable)
		return d
	}
	d.Code, d.Summary = "DCE108", fmt.Sprintf("%q is not a text with variables", n.Value)
	d.Hint = "write a literal $ as $$, a variable as ${NAME} or ${NAME:-default}"
	return d
}

func (c *converter) cast(text string, path []string) (any, error) {
	p := tree.NewPath(castPath(path)...)
	for pattern, cast := range c.casts {
		if p.Matches(pattern) {
			return cast(text)
		}
	}
	return text, nil
}

// castPath writes indices of lists as compose-go's table does.
func castPath(path []string) []string {
	out := slices.Clone(path)
	for i, key := range out {
		if _, err := strconv.Atoi(key); err == nil && i > 2 {
			out[i] = tree.PathMatchList
		}
	}
	return out
}

func below(path []string, key string) []string { return append(slices.Clone(path), key) }

func dotted(path []string) string { return strings.Join(path, ".") }

// prune removes what is marked bad from a value.
func prune(v any, bad locations, path []string) any {
	switch v := v.(type) {
	case map[string]any:
		for key, sub := range v {
			here := below(path, key)
			if bad.has(here) {
				delete(v, key)
				continue
			}
			v[key] = prune(sub, bad, here)
		}
	case []any:
		kept := []any{}
		for i, sub := range v {
			if here := below(path, strconv.Itoa(i)); !bad.has(here) {
				kept = append(kept, prune(sub, bad, here))
			}
		}
		return kept
	}
	return v
}
