package render

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// Explain is the rendered pod as YAML prints it, with `# rule: reason` behind
// every line that a rule wrote. A long value has its reason above it, and so has
// what is left of something that a rule removed. It loads to the same project.
func (r Result) Explain() ([]byte, error) {
	out, err := r.YAML()
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(out, &doc); err != nil {
		return nil, fmt.Errorf("reading the printed project: %w", err)
	}
	behind, above := map[int][]string{}, map[int][]string{}
	for _, c := range r.Changes {
		at, note := find(&doc, c.Path), c.Rule+": "+c.Reason
		switch {
		case !at.found:
			add(above, at.line, note+" ("+strings.Join(c.Path, ".")+")")
		case at.long:
			add(above, at.line, note)
		default:
			add(behind, at.line, note)
		}
	}
	return annotate(out, behind, above), nil
}

// add notes something about a line, once.
func add(notes map[int][]string, line int, note string) {
	if note = oneLine(note); !slices.Contains(notes[line], note) {
		notes[line] = append(notes[line], note)
	}
}

// annotate adds comments to lines, which count from 1.
func annotate(out []byte, behind, above map[int][]string) []byte {
	var b bytes.Buffer
	number := 0
	for line := range bytes.Lines(out) {
		number++
		text := bytes.TrimSuffix(line, []byte("\n"))
		blanks := text[:len(text)-len(bytes.TrimLeft(text, " "))]
		for _, note := range above[number] {
			fmt.Fprintf(&b, "%s# %s\n", blanks, note)
		}
		b.Write(text)
		if notes := behind[number]; len(notes) > 0 {
			b.WriteString(" # " + strings.Join(notes, "; "))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// spot is where a path leads in a file: its own line, or that of the nearest
// thing around it when what it names is not there.
type spot struct {
	line  int
	found bool
	// long values push a comment behind them out of sight; those of several lines
	// would take it for a part of theirs.
	long bool
}

// longValue is the length from which on a comment stands above a value.
const longValue = 60

func find(doc *yaml.Node, path []string) spot {
	node := doc
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	at := spot{line: 1, found: true}
	for _, key := range path {
		name, value := child(node, key)
		if value == nil {
			at.found = false
			return at
		}
		at.line, node = name.Line, value
	}
	at.long = node.Kind == yaml.ScalarNode && (strings.Contains(node.Value, "\n") || len(node.Value) > longValue)
	return at
}

// child is the value at a key, an index, or (for lists that are maps at heart,
// as extra_hosts) the item itself, and the node at whose line a comment about
// it can stand.
func child(n *yaml.Node, key string) (at, value *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i], n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
		for _, item := range n.Content {
			if item.Value == key {
				return item, item
			}
		}
	default:
	}
	return nil, nil
}

// oneLine keeps a note, which may quote a file, within its comment and harmless
// to a terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
