package ship

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/registry"
	"dce/internal/render"
)

// images are the references that run, by service, without infra.
func images(r render.Result) map[string]string {
	all := map[string]string{}
	for name, s := range r.Project.Services {
		if name != render.InfraService && s.Image != "" {
			all[name] = s.Image
		}
	}
	return all
}

// Lock asks for the digests of images, by service. Its error names every one
// that has none.
func Lock(ctx context.Context, r Registry, images map[string]string, locate func(path ...string) diag.Pos) (map[string]string, error) {
	answers := r.Digests(ctx, slices.Sorted(maps.Values(images)))
	locked := map[string]string{}
	var problems diag.List
	for _, name := range slices.Sorted(maps.Keys(images)) {
		ref := images[name]
		a := answers[ref]
		switch {
		case strings.Contains(ref, "@sha256:"):
			a.Pinned = ref // decided already, whoever can be asked
		case a.Missing:
			problems = append(problems, missing(name, ref, locate("services", name, "image")))
		case a.Err != nil:
			problems = append(problems, notLocked(name, ref, a, locate("services", name, "image")))
		}
		locked[name] = a.Pinned
	}
	return locked, problems.Err()
}

// lock gives the images of a project their digests.
func (l *loaded) lock(ctx context.Context, r Registry) error {
	locked, err := Lock(ctx, r, images(l.rendered), l.project.Locate)
	if err != nil {
		return err
	}
	l.images = locked
	for name, ref := range locked {
		s := l.rendered.Project.Services[name]
		s.Image = ref
		l.rendered.Project.Services[name] = s
	}
	return nil
}

// CheckImages asks the registries whether every image is there, unless the
// project says that they are not to be asked. An image that is missing is an
// error; one that cannot be asked for is a warning: agents may reach what this
// machine does not.
func (s *Shipment) CheckImages(ctx context.Context, r Registry) diag.List {
	if s.Config.App.Images == project.ImagesTrust {
		return nil
	}
	users := usersOf(images(s.Rendered))
	answers := r.Digests(ctx, slices.Sorted(maps.Keys(users)))
	var problems diag.List
	for _, ref := range slices.Sorted(maps.Keys(users)) {
		services := strings.Join(users[ref], ", ")
		pos := s.Project.Locate("services", users[ref][0], "image")
		switch a := answers[ref]; {
		case a.Missing:
			problems = append(problems, missing(services, ref, pos))
		case a.Err != nil:
			problems = append(problems, notAsked(services, ref, a, pos))
		}
	}
	return problems
}

// usersOf are the services of each image, sorted.
func usersOf(images map[string]string) map[string][]string {
	users := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(images)) {
		users[images[name]] = append(users[images[name]], name)
	}
	return users
}

func missing(service, ref string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE730", Summary: fmt.Sprintf("there is no image %s for %s in its registry", ref, service), Pos: pos,
		Detail: "No agent could pull it: every instance would fail.",
		Hint:   "push it, or correct the reference; where the agents have it already, set app.images: trust",
	}
}

func notLocked(service, ref string, a registry.Answer, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE731", Summary: fmt.Sprintf("the digest of %s for %s cannot be had", ref, service), Pos: pos, Cause: a.Err,
		Detail: "The registry says: " + a.Err.Error() + ".",
		Hint:   "log in with docker login where it needs that, or deploy without locking digests",
	}
}

func notAsked(service, ref string, a registry.Answer, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE732", Severity: diag.Warning, Summary: fmt.Sprintf("whether there is an image %s for %s is not known", ref, service), Pos: pos, Cause: a.Err,
		Detail: "The registry cannot be asked from here: " + a.Err.Error() + ".",
		Hint:   "log in with docker login where it needs that; where only the agents have it, set app.images: trust",
	}
}
