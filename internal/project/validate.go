package project

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// validator holds every compose file against compose-go's own schema, one by
// one. compose-go validates the merged files and gives the first problem only.
type validator struct {
	schema      *jsonschema.Schema
	document    map[string]any // the schema itself, for the keys that it knows
	casts       map[tree.Path]interpolation.Cast
	forms       []form
	interpolate bool
	// partial: the files are parts of a whole, so what one lacks another may have.
	partial  bool
	problems diag.List
	// cleaned are the documents without what is wrong in them, by source.
	cleaned map[*source][]map[string]any
	resets  bool
	// spoilt are services whose image or build is wrong.
	spoilt map[string]bool
}

func newValidator(interpolate, partial bool) (*validator, error) {
	v := &validator{casts: castsOf(), forms: forms(), interpolate: interpolate, partial: partial, cleaned: map[*source][]map[string]any{}, spoilt: map[string]bool{}}
	if err := json.Unmarshal([]byte(schema.Schema), &v.document); err != nil {
		return nil, fmt.Errorf("reading the schema of compose files: %w", err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("compose.json", v.document); err != nil {
		return nil, fmt.Errorf("adding the schema of compose files: %w", err)
	}
	var err error
	v.schema, err = c.Compile("compose.json")
	if err != nil {
		return nil, fmt.Errorf("compiling the schema of compose files: %w", err)
	}
	return v, nil
}

// check adds what is wrong with a file.
func (v *validator) check(s *source) {
	for _, doc := range s.docs {
		if len(doc.Content) == 0 {
			continue
		}
		top := deref(doc.Content[0])
		if top.Kind != yaml.MappingNode {
			v.wrongTop(s, top)
			continue
		}
		if p, ok := versionOne(top); ok {
			v.problems = append(v.problems, diag.Diagnostic{
				Code: "DCE109", Summary: fmt.Sprintf("this is a compose file of version 1: the service %q stands at the top", p.key.Value),
				Pos: s.at(p.key), Hint: "put the services below `services:`, indented; links become names that resolve by themselves",
			})
			continue
		}
		v.checkDocument(s, top)
	}
}

func (v *validator) wrongTop(s *source, n *yaml.Node) {
	if n.ShortTag() == "!!null" {
		return
	}
	v.problems = append(v.problems, diag.Diagnostic{
		Code: "DCE105", Summary: "a compose file must be a mapping, not " + kindWord(n), Pos: s.at(n), Hint: "begin with `services:`",
	})
}

// versionOne finds a service at the top of a file without services.
func versionOne(top *yaml.Node) (pair, bool) {
	if child(top, "services") != nil {
		return pair{}, false
	}
	for _, p := range pairs(top) {
		if !strings.HasPrefix(p.key.Value, "x-") && (child(p.value, "image") != nil || child(p.value, "build") != nil) {
			return p, true
		}
	}
	return pair{}, false
}

func (v *validator) checkDocument(s *source, top *yaml.Node) {
	c := &converter{source: s, interpolate: v.interpolate, casts: v.casts, forms: v.forms, bad: locations{}}
	value := c.mapping(top, nil)
	v.problems = append(v.problems, c.problems...)
	v.resets = v.resets || c.resets
	for _, f := range v.faults(value) {
		left := v.partial && f.missing
		if !left && !c.bad.has(f.path) {
			v.problems = append(v.problems, f.diagnostic(s, top))
		}
		c.bad.add(f.path)
	}
	v.markSpoilt(c.bad)
	raw := (&converter{source: s, bad: locations{}}).mapping(top, nil)
	v.cleaned[s] = append(v.cleaned[s], prune(raw, c.bad, nil).(map[string]any))
}

// markSpoilt remembers services that lack an image only because a key meant for it
// is wrong.
func (v *validator) markSpoilt(bad locations) {
	for path := range bad {
		keys := strings.Split(path, pathSeparator)
		if len(keys) > 2 && keys[0] == "services" && suggestion(keys[2], []string{"image", "build", "extends"}) != "" {
			v.spoilt[keys[1]] = true
		}
	}
}

// faults are the places where a value breaks the schema.
func (v *validator) faults(value map[string]any) []fault {
	data, err := json.Marshal(value)
	if err != nil {
		return nil // infinities and the like; compose-go says so
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		return nil
	}
	e, ok := errors.AsType[*jsonschema.ValidationError](v.schema.Validate(plain))
	if !ok {
		return nil
	}
	return v.flatten(e)
}

// flatten gives the innermost errors, one a place. Of alternatives it follows
// the one that the value comes nearest to.
func (v *validator) flatten(e *jsonschema.ValidationError) []fault {
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		var all []fault
		for _, name := range slices.Sorted(slices.Values(k.Properties)) {
			all = append(all, v.unknown(e, name))
		}
		return all
	case *kind.OneOf, *kind.AnyOf:
		return v.alternatives(e)
	}
	if len(e.Causes) == 0 {
		return []fault{newFault(e)}
	}
	var all []fault
	for _, c := range e.Causes {
		all = append(all, v.flatten(c)...)
	}
	return all
}

func (v *validator) alternatives(e *jsonschema.ValidationError) []fault {
	var nearest []fault
	var wanted []string
	for _, c := range e.Causes {
		sub := v.flatten(c)
		if len(sub) == 0 {
			continue
		}
		if t, ok := sub[0].kind.(*kind.Type); ok && len(sub[0].path) == len(e.InstanceLocation) {
			wanted = append(wanted, t.Want...)
			continue
		}
		if nearest == nil || len(sub[0].path) > len(nearest[0].path) {
			nearest = sub
		}
	}
	if nearest != nil {
		return nearest
	}
	if len(wanted) == 0 {
		return []fault{newFault(e)}
	}
	return []fault{{path: e.InstanceLocation, kind: &kind.Type{Want: wanted}}}
}

// unknown is a key that the schema does not have at this place.
func (v *validator) unknown(e *jsonschema.ValidationError, name string) fault {
	f := fault{path: below(e.InstanceLocation, name), kind: e.ErrorKind, unknown: true}
	_, pointer, _ := strings.Cut(e.SchemaURL, "#")
	at := any(v.document)
	for key := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		m, ok := at.(map[string]any)
		if !ok {
			return f
		}
		if key != "" {
			at = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(key)]
		}
	}
	properties, _ := at.(map[string]any)["properties"].(map[string]any)
	for key := range properties {
		f.known = append(f.known, key)
	}
	slices.Sort(f.known)
	return f
}
