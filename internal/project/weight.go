package project

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// checkSize bounds what all files come to together when every service has what
// it extends: a thousand services that extend a large one make a large project of a
// small file.
func (s *session) checkSize() {
	total := 0
	for _, src := range s.all() {
		for _, doc := range src.docs {
			total += size(src, doc)
		}
		if total > maxNodes {
			s.add(diag.List{s.tooLarge(src, nil)})
			return
		}
	}
	sizes := map[*yaml.Node]int{}
	for _, src := range s.all() {
		for _, doc := range src.docs {
			for _, p := range pairs(child(root(doc), "services")) {
				total += s.inherited(src, p.value, maxNodes-total, sizes)
				if total > maxNodes {
					s.add(diag.List{s.tooLarge(src, p.key)})
					return
				}
			}
		}
	}
}

// tooMuch: a bound was reached, so nothing more is done with the files.
func (s *session) tooMuch() bool {
	return slices.ContainsFunc(s.problems, func(d diag.Diagnostic) bool { return d.Code == "DCE117" || d.Code == "DCE118" })
}

func (s *session) tooLarge(src *source, n *yaml.Node) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE118", Summary: fmt.Sprintf("the files of the project come to more than %d values together", maxNodes), Pos: src.at(n),
		Detail: "What is included and extended counts each time that it is, and so do the values of variables.",
		Hint:   "split the project, or let fewer services extend large ones",
	}
}

// inherited is the size of the services that one extends, directly and by way
// of others, as far as the limit.
func (s *session) inherited(from *source, service *yaml.Node, limit int, sizes map[*yaml.Node]int) int {
	total := 0
	seen := map[*yaml.Node]bool{}
	for !seen[service] && total <= limit {
		seen[service] = true
		base, _, _ := s.followExtends(from, service)
		if base.value == nil {
			break
		}
		if _, ok := sizes[base.value]; !ok {
			sizes[base.value] = size(base.source, base.value)
		}
		total += sizes[base.value]
		from, service = base.source, base.value
	}
	return total
}

// size counts the nodes of a value whose document is known to be sound, aliases
// followed, and what filling in its variables costs.
func size(src *source, n *yaml.Node) int {
	n = deref(n)
	total := 1
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "$") {
		filled, work := fillingCost(n.Value, func(name string) int { return len(src.env[name]) })
		total += filled/bytesPerNode + work
	}
	for _, sub := range n.Content {
		if total > maxNodes {
			break
		}
		total += size(src, sub)
	}
	return total
}

// bytesPerNode is how many bytes of variables' values weigh as much as a node.
const bytesPerNode = 64

var variable = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// fillingCost estimates what filling in a text's variables comes to: bytes in
// all, and work in the time of a node. compose-go's template takes 0.2 s for 1000 variables
// in braces in one text, 4 to 13 s for 4000: it grows with the square.
func fillingCost(text string, length func(name string) int) (bytes, work int) {
	bytes = len(text)
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		bytes += length(m[1])
	}
	braces := strings.Count(text, "${")
	return bytes, braces * braces / 8
}
