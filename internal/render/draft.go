package render

import (
	"cmp"
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// draft is a project while the rules rewrite it.
type draft struct {
	in       Input
	p        *types.Project
	rule     string
	ports    []PortMapping
	changes  []Change
	problems diag.List
}

func newDraft(in Input) *draft {
	// Disabling nothing is compose-go's way to ask for a deep copy.
	p := in.Project.WithServicesDisabled()
	p.DisabledServices = nil
	return &draft{in: in, p: p}
}

// each calls f for every service, infra too, by name, and keeps what f did.
func (d *draft) each(f func(name string, s *types.ServiceConfig)) {
	for _, name := range d.p.ServiceNames() {
		s := d.p.Services[name]
		f(name, &s)
		d.p.Services[name] = s
	}
}

// eachOwn calls f for every service of the user's.
func (d *draft) eachOwn(f func(name string, s *types.ServiceConfig)) {
	d.each(func(name string, s *types.ServiceConfig) {
		if !isInfra(*s) {
			f(name, s)
		}
	})
}

// eachMember calls f for every service of the user's that shares the pod's
// network.
func (d *draft) eachMember(f func(name string, s *types.ServiceConfig)) {
	d.eachOwn(func(name string, s *types.ServiceConfig) {
		if s.NetworkMode == types.ServicePrefix+InfraService {
			f(name, s)
		}
	})
}

// withInfra calls f with the infra service, if the pod has one, and keeps what
// f did.
func (d *draft) withInfra(f func(infra *types.ServiceConfig)) {
	s, ok := d.p.Services[InfraService]
	if !ok || !isInfra(s) {
		return
	}
	f(&s)
	d.p.Services[InfraService] = s
}

func isInfra(s types.ServiceConfig) bool {
	return s.Name == InfraService && s.Labels[LabelInfra] != ""
}

// changed records that the current rule wrote the value at path.
func (d *draft) changed(reason string, path ...string) {
	d.changedFrom(diag.Pos{}, reason, path...)
}

// changedFrom records a change whose value came from that place. It keeps path.
func (d *draft) changedFrom(from diag.Pos, reason string, path ...string) {
	d.changes = append(d.changes, Change{Rule: d.rule, Path: path, Reason: reason, From: from})
}

// problem records a diagnostic.
func (d *draft) problem(p diag.Diagnostic) { d.problems = append(d.problems, p) }

// at is the place of a value in the input files: of the value itself, or of
// the nearest thing around it whose place is known.
func (d *draft) at(path ...string) diag.Pos {
	if d.in.Locate == nil {
		return diag.Pos{}
	}
	for n := len(path); n > 0; n-- {
		if pos := d.in.Locate(path[:n]...); !pos.IsZero() {
			return pos
		}
	}
	return diag.Pos{}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func clone(path []string) []string { return slices.Clone(path) }
