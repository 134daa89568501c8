package project

// xdceKey is the compose extension that holds the pod's settings: the keys of
// dce.yaml that belong to a pod.
const xdceKey = "x-dce"

// readExtensions decodes x-dce of every compose file, a later file over an
// earlier one. Extensions of included files do not count, as in compose.
func (s *session) readExtensions() {
	tree := newKeyTree(PodFields())
	for _, src := range s.sources {
		d := &decoder{source: src, expand: src.interpolate}
		for _, doc := range src.docs {
			if n := child(root(doc), xdceKey); n != nil {
				src.conceal(n, "")
				d.mapping(n, tree, nil)
			}
		}
		s.add(d.problems)
		s.layers.compose = append(s.layers.compose, s.permitted(d.settings)...)
	}
	if len(s.layers.compose) > 0 {
		s.setConfig()
	}
}
