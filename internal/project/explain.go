package project

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"dce/internal/diag"
)

// explain finds all that is wrong with files that did not load, each with its
// place. cause is what compose-go said, nil when it was not asked; its words are
// shown where nothing is found that explains them.
func (s *session) explain(ctx context.Context, cause error) diag.List {
	v, err := newValidator(!s.options.NoInterpolate, len(s.all()) > 1)
	if err != nil {
		return s.add(plain(err))
	}
	for _, src := range s.all() {
		v.check(src)
	}
	s.add(v.problems)
	s.spoilt = v.spoilt
	s.extendsProblems(v)
	if !s.incomplete() {
		s.add(s.checkWhole(ctx, v))
	}
	if !slices.ContainsFunc(s.sources, func(src *source) bool { return len(src.docs) > 0 }) && !s.problems.HasErrors() {
		s.add(diag.List{{Code: "DCE128", Summary: "the file is empty", Hint: "write `services:` and a service below it", Pos: s.locator.locate()}})
	}
	if cause != nil && !s.problems.HasErrors() {
		s.add(s.placed(cause))
	}
	return s.problems
}

// incomplete: some file is not there to be looked at, so that what it declares
// would be missed.
func (s *session) incomplete() bool {
	return slices.ContainsFunc(s.problems, func(d diag.Diagnostic) bool {
		switch d.Code {
		case "DCE101", "DCE102", "DCE103", "DCE109", "DCE117", "DCE118", "DCE119", "DCE121", "DCE123", "DCE126":
			return d.Severity == diag.Error
		}
		return false
	})
}

// checkWhole checks the merged project as far as it can be merged: as it is, or
// without what was found wrong. A project that can be merged in neither way is
// checked once the rest is right.
func (s *session) checkWhole(ctx context.Context, v *validator) diag.List {
	r := s.request()
	r.lenient, r.services = true, nil
	p, _, err := r.loadCompose(ctx)
	if err != nil {
		if v.resets {
			return nil
		}
		r.cleaned = func(src *source) []map[string]any { return v.cleaned[src] }
		if p, _, err = r.loadCompose(ctx); err != nil {
			return nil
		}
	}
	return append(s.selected(p), s.check(p)...)
}

// check is all that is wrong with the merged project.
func (s *session) check(p *types.Project) diag.List {
	c := &checker{project: p, locate: s.locator.locate, root: s.root(), raw: s.options.NoInterpolate, spoilt: s.spoilt}
	return c.run()
}

// selected checks the services named on the command line.
func (s *session) selected(p *types.Project) diag.List {
	var l diag.List
	names := append(p.ServiceNames(), p.DisabledServiceNames()...)
	for _, name := range s.options.Services {
		if !slices.Contains(names, name) {
			l = append(l, diag.Diagnostic{
				Code: "DCE129", Summary: fmt.Sprintf("there is no service %q", name), Hint: didYouMean(name, names, "the services are"),
			})
		}
	}
	return l
}

// extendsProblems reports services that extend one that does not exist, or
// themselves.
func (s *session) extendsProblems(v *validator) {
	circles := map[*yaml.Node]bool{}
	for _, src := range s.all() {
		for i, doc := range src.docs {
			for _, p := range pairs(child(root(doc), "services")) {
				d, ok := s.extendsProblem(src, p, circles)
				if !ok {
					continue
				}
				s.add(diag.List{d})
				if i < len(v.cleaned[src]) {
					prune(v.cleaned[src][i], locations{strings.Join([]string{"services", p.key.Value, "extends"}, pathSeparator): true}, nil)
				}
			}
		}
	}
}

func (s *session) extendsProblem(src *source, service pair, circles map[*yaml.Node]bool) (diag.Diagnostic, bool) {
	way := []string{service.key.Value}
	seen := map[*yaml.Node]bool{service.value: true}
	for from, at := src, service.value; ; {
		next, ref, names := s.followExtends(from, at)
		if ref == nil {
			return diag.Diagnostic{}, false
		}
		way = append(way, ref.Value)
		switch {
		case next.value == nil && at != service.value:
			return diag.Diagnostic{}, false // reported where it stands
		case next.value == nil:
			return diag.Diagnostic{
				Code: "DCE110", Summary: fmt.Sprintf("service %q extends %q, which does not exist", service.key.Value, ref.Value),
				Hint: didYouMean(ref.Value, names, "the services there are"), Pos: src.at(ref),
			}, true
		case circles[next.value]:
			return diag.Diagnostic{}, false
		case seen[next.value]:
			maps.Copy(circles, seen)
			return diag.Diagnostic{
				Code: "DCE126", Summary: "services extend each other in a circle: " + strings.Join(way, " -> "),
				Hint: "remove one of these extends", Pos: src.at(child(service.value, "extends")),
			}, true
		}
		seen[next.value] = true
		from, at = next.source, next.value
	}
}

// followExtends follows one extends: to the service, by the node that names it, among those of its
// file. A file that cannot be read is reported elsewhere.
func (s *session) followExtends(from *source, service *yaml.Node) (spot, *yaml.Node, []string) {
	ref := child(service, "extends")
	in := []*source{from}
	if f := child(ref, "file"); f != nil {
		in = []*source{s.extended[from.reference(from.interpolate(f.Value))]}
	} else if slices.Contains(s.sources, from) {
		in = append(in, s.included...)
	}
	if n := child(ref, "service"); n != nil {
		ref = n
	}
	if ref == nil || ref.Kind != yaml.ScalarNode || in[0] == nil || len(in[0].docs) == 0 {
		return spot{}, nil, nil
	}
	var names []string
	for _, src := range in {
		for _, doc := range src.docs {
			for _, p := range pairs(child(root(doc), "services")) {
				if p.key.Value == ref.Value {
					return spot{src, p.key, p.value}, ref, nil
				}
				names = append(names, p.key.Value)
			}
		}
	}
	return spot{}, ref, names
}

var (
	mentionedPath    = regexp.MustCompile(`(?:services|networks|volumes|secrets|configs)(?:\.[A-Za-z0-9_-]+|\[\d+\])+`)
	mentionedService = regexp.MustCompile(`service "([^"]+)"`)
)

// placed is an error of compose-go in its own words, at the place that they
// mention.
func (s *session) placed(err error) diag.List {
	l := plain(err)
	l[0].Pos = s.mentioned(err.Error())
	return l
}

func (s *session) mentioned(text string) diag.Pos {
	if path := mentionedPath.FindString(text); path != "" {
		return s.locator.locate(strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) })...)
	}
	if m := mentionedService.FindStringSubmatch(text); m != nil {
		return s.locator.locate("services", m[1])
	}
	return s.locator.locate()
}

// envProblems explains why the env files of services cannot be read.
func (s *session) envProblems(p *types.Project, cause error) diag.List {
	var l diag.List
	lookup := func(k string) (string, bool) {
		v, ok := s.env[k]
		return v, ok
	}
	for _, name := range p.ServiceNames() {
		for _, f := range p.Services[name].EnvFiles {
			if exists(f.Path) {
				l = append(l, checkServiceEnv(f, lookup)...)
			}
		}
	}
	if len(l) == 0 {
		return s.placed(cause)
	}
	return l
}
