package project

import (
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// pair is one entry of a mapping.
type pair struct{ key, value *yaml.Node }

// deref follows an alias to what it stands for. Sources are checked for cycles
// when they are read.
func deref(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// pairs are the entries of a mapping, those of merge keys (<<) behind its own.
// A key that occurs in several is given once, the strongest.
func pairs(n *yaml.Node) []pair {
	var all []pair
	seen := map[string]bool{}
	collectPairs(deref(n), func(p pair) {
		if !seen[p.key.Value] {
			seen[p.key.Value] = true
			all = append(all, p)
		}
	})
	return all
}

func collectPairs(n *yaml.Node, add func(pair)) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], deref(n.Content[i+1])
		switch {
		case !isMerge(key):
			add(pair{key, value})
		case value.Kind == yaml.SequenceNode:
			merged = append(merged, value.Content...)
		default:
			merged = append(merged, value)
		}
	}
	for _, m := range merged {
		collectPairs(deref(m), add)
	}
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Style == 0
}

// child is the value of a key, nil when there is none.
func child(n *yaml.Node, keys ...string) *yaml.Node {
	n = deref(n)
	for _, k := range keys {
		n = entry(n, k).value
	}
	return n
}

// entry is the entry of a key; its value is nil when there is none. It
// allocates nothing where the mapping has the key itself: rendering asks for
// the place of every value that it changes.
func entry(n *yaml.Node, key string) pair {
	n = deref(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return pair{}
	}
	merges := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Value == key && !isMerge(k) {
			return pair{k, deref(n.Content[i+1])}
		}
		merges = merges || isMerge(k)
	}
	if !merges {
		return pair{}
	}
	for _, p := range pairs(n) {
		if p.key.Value == key {
			return p
		}
	}
	return pair{}
}

// items are the elements of a sequence, aliases followed.
func items(n *yaml.Node) []*yaml.Node {
	n = deref(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	all := make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		all[i] = deref(c)
	}
	return all
}

// at is the place of a node; a scalar that stands on one line is underlined whole.
func (s *source) at(n *yaml.Node) diag.Pos {
	if n == nil {
		return diag.Pos{File: s.path}
	}
	p := diag.Pos{File: s.path, Line: n.Line, Column: n.Column}
	if n.Kind != yaml.ScalarNode {
		return s.veiled(p)
	}
	style := n.Style &^ yaml.TaggedStyle
	if style == 0 {
		p.Width = utf8.RuneCountInString(n.Value)
	}
	if style == yaml.DoubleQuotedStyle || style == yaml.SingleQuotedStyle {
		p.Width = utf8.RuneCountInString(n.Value) + 2
	}
	return s.veiled(p)
}

// root is the mapping of a document, nil when the document is empty or is
// something else.
func root(doc *yaml.Node) *yaml.Node {
	if doc == nil || len(doc.Content) == 0 {
		return nil
	}
	if n := deref(doc.Content[0]); n.Kind == yaml.MappingNode {
		return n
	}
	return nil
}

// kindWord names what a node is, for a person.
func kindWord(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return scalarWord(n)
	}
}

func scalarWord(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "a boolean"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	case "!!str":
		return "a string"
	default:
		return "a value tagged " + n.ShortTag()
	}
}
