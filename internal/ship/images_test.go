package ship

import (
	"context"
	"errors"
	"strings"
	"testing"

	"dce/internal/bundle"
	"dce/internal/registry"
)

// fakeRegistry answers for the references that it knows; the others are not
// there, but for those of a registry that cannot be asked.
type fakeRegistry map[string]string

func (f fakeRegistry) Digests(_ context.Context, references []string) map[string]registry.Answer {
	answers := map[string]registry.Answer{}
	for _, ref := range references {
		switch digest, ok := f[ref]; {
		case ok:
			answers[ref] = registry.Answer{Pinned: ref + "@" + digest}
		case strings.HasPrefix(ref, "far/"):
			answers[ref] = registry.Answer{Err: errors.New("no such host")}
		default:
			answers[ref] = registry.Answer{Missing: true, Err: errors.New("Not Found")}
		}
	}
	return answers
}

const digestOfWeb = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

func imageProject(t *testing.T, more string) string {
	t.Helper()
	return write(t, map[string]string{
		"compose.yaml": "services:\n  web: {image: \"web:1\"}\n  db: {image: \"db@" + digestOfWeb + "\"}\n  far: {image: \"far/x:1\"}\n  gone: {image: \"gone:1\"}\n",
		"dce.yaml":     "environments: {qa: {target: {urls: [http://m]}" + more + "}}\n",
	})
}

func TestImagesAreAskedForBeforeADeploy(t *testing.T) {
	dir := imageProject(t, "")
	s, err := Prepare(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	asked := fakeRegistry{"web:1": digestOfWeb, "db@" + digestOfWeb: digestOfWeb}
	got := lines(dir, s.CheckImages(t.Context(), asked).Err())
	want := `compose.yaml:4:16: warning: whether there is an image far/x:1 for far is not known [DCE732]
    log in with docker login where it needs that; where only the agents have it, set app.images: trust
compose.yaml:5:17: error: there is no image gone:1 for gone in its registry [DCE730]
    push it, or correct the reference; where the agents have it already, set app.images: trust
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
	s.Config.App.Images = "trust"
	if l := s.CheckImages(t.Context(), fakeRegistry{}); len(l) > 0 {
		t.Errorf("trusted, and still: %v", l)
	}
}

func TestLockedImagesAreThoseOfTheBundleToo(t *testing.T) {
	dir := imageProject(t, ", app: {images: lock}")
	o := options(dir)
	o.Registry = fakeRegistry{"web:1": digestOfWeb, "far/x:1": digestOfWeb, "gone:1": digestOfWeb}
	s, err := Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := bundle.Open(s.Bundle.Data, s.Bundle.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Images["web"]; got != "web:1@"+digestOfWeb {
		t.Errorf("the bundle has %q for web", got)
	}
	if got := m.Images["db"]; got != "db@"+digestOfWeb { // whoever may be asked
		t.Errorf("the bundle has %q for db", got)
	}
	if got := s.App.Labels["dce.images"]; !strings.Contains(got, "web=web:1@"+digestOfWeb) {
		t.Errorf("the label says %q", got)
	}
	services, err := s.Services()
	if err != nil {
		t.Fatal(err)
	}
	if got := services["web"]["image"]; got != "web:1@"+digestOfWeb {
		t.Errorf("the plan shows %q", got)
	}
}

func TestWhatCannotBeLockedStopsTheDeploy(t *testing.T) {
	dir := imageProject(t, "")
	o := options(dir)
	o.Lock, o.Registry = true, fakeRegistry{"web:1": digestOfWeb}
	_, err := Prepare(t.Context(), o)
	want := `compose.yaml:4:16: error: the digest of far/x:1 for far cannot be had [DCE731]
    log in with docker login where it needs that, or deploy without locking digests
compose.yaml:5:17: error: there is no image gone:1 for gone in its registry [DCE730]
    push it, or correct the reference; where the agents have it already, set app.images: trust
`
	if got := lines(dir, err); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestAnImageOfTwoServicesIsOneProblem(t *testing.T) {
	dir := write(t, map[string]string{
		"compose.yaml": "services:\n  web: {image: \"far/x:1\"}\n  side: {image: \"far/x:1\"}\n",
		"dce.yaml":     "environments: {qa: {target: {urls: [http://m]}}}\n",
	})
	s, err := Prepare(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	got := s.CheckImages(t.Context(), fakeRegistry{})
	if len(got) != 1 || got[0].Code != "DCE732" || !strings.Contains(got[0].Summary, "for side, web") || got[0].Pos.Line != 3 {
		t.Errorf("got %v", got)
	}
}
