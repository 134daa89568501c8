package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// YAML is the rendered pod as a compose file. A literal $ is written $$, so
// that the file loads again with interpolation on. Equal results give equal
// bytes.
func (r Result) YAML() ([]byte, error) { return YAML(r.Project) }

// YAML prints a project as `dce render` prints a rendered one: used for the
// merged input beside it, too.
func YAML(p *types.Project) ([]byte, error) {
	out, err := marshal(p)
	if err != nil {
		return nil, err
	}
	return escapeDollars(out)
}

// escapeDollars doubles every $ that stands in a value: compose interpolates
// values, not keys.
func escapeDollars(out []byte) ([]byte, error) {
	if !dollarInKey(out) {
		// A $ has no meaning in YAML, so no quoting depends on it. Reading and
		// printing again would cost as much as all of the printing before.
		return bytes.ReplaceAll(out, []byte("$"), []byte("$$")), nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(out, &doc); err != nil {
		return nil, fmt.Errorf("reading the printed project: %w", err)
	}
	doubleDollars(&doc)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, fmt.Errorf("printing the project: %w", err)
	}
	return b.Bytes(), nil
}

// dollarInKey reports whether a key may hold a $. It may be wrong only in
// saying so: a line counts whose first colon comes after its first $, or that
// starts with a quote or a question mark, where colons may be part of the key.
func dollarInKey(out []byte) bool {
	for line := range bytes.Lines(out) {
		dollar := bytes.IndexByte(line, '$')
		if dollar < 0 {
			continue
		}
		text := bytes.TrimLeft(line, " -")
		if bytes.ContainsAny(text[:1], "\"'?") || keyEnd(line) > dollar {
			return true
		}
	}
	return false
}

// keyEnd is where the first key of a line ends, -1 where it has none.
func keyEnd(line []byte) int {
	if i := bytes.Index(line, []byte(": ")); i >= 0 {
		return i
	}
	if line = bytes.TrimRight(line, "\n"); bytes.HasSuffix(line, []byte(":")) {
		return len(line) - 1
	}
	return -1
}

func doubleDollars(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		n.Value = strings.ReplaceAll(n.Value, "$", "$$")
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			doubleDollars(n.Content[i])
		}
	default:
		for _, c := range n.Content {
			doubleDollars(c)
		}
	}
}

// JSON is the rendered pod as JSON, with the same rule for $.
func (r Result) JSON() ([]byte, error) { return JSON(r.Project) }

// JSON prints a project as JSON, indented by two.
func JSON(p *types.Project) ([]byte, error) {
	out, err := p.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("printing the project: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("reading the printed project: %w", err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doubleJSON(v)); err != nil {
		return nil, fmt.Errorf("printing the project: %w", err)
	}
	return b.Bytes(), nil
}

func doubleJSON(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "$", "$$")
	case []any:
		for i := range v {
			v[i] = doubleJSON(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = doubleJSON(v[k])
		}
	}
	return v
}
