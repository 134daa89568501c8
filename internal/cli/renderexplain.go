package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"dce/internal/render"
	"dce/internal/term"
)

// printExplained prints the rendered pod with the rule behind each rewritten
// line, as comments: what is printed still loads.
func (a *app) printExplained(p *pod, r render.Result) error {
	out, err := r.YAML()
	if err != nil {
		return err
	}
	text, err := explained(out, r.Changes)
	if err != nil {
		return err
	}
	return a.printBytes(append(header(p), text...), nil)
}

// explained adds comments to a rendered file.
func explained(out []byte, changes []render.Change) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(out, &doc); err != nil {
		return nil, fmt.Errorf("reading the rendered pod: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	behind := map[int][]string{}
	above := map[int][]string{}
	for _, c := range changes {
		at := find(&doc, c.Path)
		comment := c.Rule + ": " + term.Clean(c.Reason)
		switch {
		case !at.found:
			above[at.line] = append(above[at.line], comment+" ("+term.Clean(strings.Join(c.Path, "."))+")")
		case at.long:
			above[at.line] = append(above[at.line], comment)
		default:
			behind[at.line] = append(behind[at.line], comment)
		}
	}
	var b bytes.Buffer
	for i, line := range lines {
		blanks := line[:len(line)-len(strings.TrimLeft(line, " "))]
		for _, c := range compacted(above[i+1]) {
			b.WriteString(blanks + "# " + c + "\n")
		}
		b.WriteString(line)
		if c := compacted(behind[i+1]); len(c) > 0 {
			b.WriteString(" # " + strings.Join(c, "; "))
		}
		b.WriteString("\n")
	}
	return b.Bytes(), nil
}

func compacted(comments []string) []string {
	var once []string
	for _, c := range comments {
		if !slices.Contains(once, c) {
			once = append(once, c)
		}
	}
	return once
}

// spot is where a path leads in a file: its own line, or that of the nearest
// thing around it when what it names is no longer there.
type spot struct {
	line  int
	found bool
	// long says that the value goes on over more lines, so that a comment behind
	// it would become part of it.
	long bool
}

func find(doc *yaml.Node, path []string) spot {
	n := doc
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	at := spot{line: 1, found: true}
	for _, key := range path {
		keyNode, value := child(n, key)
		if value == nil {
			at.found = false
			return at
		}
		at.line, n = keyNode.Line, value
	}
	at.long = n.Kind == yaml.ScalarNode && (n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 ||
		strings.Contains(n.Value, "\n") || len(n.Value) > 60)
	return at
}

// child is what a key or an index leads to. The items of a list of KEY=VALUE
// or of names are found by their text, too.
func child(n *yaml.Node, key string) (keyNode, value *yaml.Node) {
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
