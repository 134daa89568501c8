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

// Explain is the rendered pod as YAML prints it, with `# rule: reason` at the
// end of every line that a rule wrote. What a rule removed is told at the line
// of what it was removed from. It loads to the same project.
func (r Result) Explain() ([]byte, error) {
	out, err := r.YAML()
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(out, &doc); err != nil {
		return nil, fmt.Errorf("reading the printed project: %w", err)
	}
	notes := map[int][]string{}
	for _, c := range r.Changes {
		line, rest := locate(&doc, c.Path)
		note := c.Rule + ": " + c.Reason
		if len(rest) > 0 {
			note = c.Rule + ": " + strings.Join(rest, ".") + ": " + c.Reason
		}
		if note = oneLine(note); !slices.Contains(notes[line], note) {
			notes[line] = append(notes[line], note)
		}
	}
	return annotate(out, notes), nil
}

// annotate adds the notes to their lines, which count from 1. Notes on line 0
// concern the file and come first.
func annotate(out []byte, notes map[int][]string) []byte {
	var b bytes.Buffer
	for _, note := range notes[0] {
		b.WriteString("# " + note + "\n")
	}
	number := 0
	for line := range bytes.Lines(out) {
		number++
		text := bytes.TrimSuffix(line, []byte("\n"))
		b.Write(text)
		if n := notes[number]; len(n) > 0 {
			b.WriteString(" # " + strings.Join(n, "; "))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// locate finds the line of the value at path, and what of the path is not
// there: then it is the line of what is around it. Zero is the whole file.
func locate(doc *yaml.Node, path []string) (line int, rest []string) {
	node := doc
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	for i, key := range path {
		name, value := child(node, key)
		if value == nil {
			return line, path[i:]
		}
		node, line = value, name.Line
	}
	return line, nil
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

// oneLine keeps a note, which may quote a file, within its comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' {
			return ' '
		}
		return r
	}, s)
}
