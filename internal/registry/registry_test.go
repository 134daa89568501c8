package registry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func push(t *testing.T, ref string) string {
	t.Helper()
	image, err := random.Image(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	named, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(named, image); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

func TestATagStandsForADigest(t *testing.T) {
	host := serve(t, registry.New())
	ref := host + "/shop/web:1.9"
	digest := push(t, ref)
	got := Client{}.Digests(t.Context(), []string{ref, ref, ref + "@" + digest})
	if len(got) != 2 || got[ref] != (Answer{Pinned: ref + "@" + digest}) || got[ref+"@"+digest].Pinned != ref+"@"+digest {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsNotThereIsToldFromWhatCannotBeAsked(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	host := serve(t, registry.New())
	push(t, host+"/shop/web:1.9")
	closed := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	got := Client{}.Digests(t.Context(), []string{host + "/shop/web:2.0", host + "/shop/db:1", closed + "/shop/web:1", "NO/reference:!"})
	for ref, missing := range map[string]bool{host + "/shop/web:2.0": true, host + "/shop/db:1": true, closed + "/shop/web:1": false, "NO/reference:!": false} {
		if a := got[ref]; a.Missing != missing || a.Err == nil || a.Pinned != "" {
			t.Errorf("%s: %+v", ref, a)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a := (Client{}).Digests(ctx, []string{host + "/shop/web:1.9"})[host+"/shop/web:1.9"]; a.Missing || a.Err == nil {
		t.Errorf("cancelled: %+v", a)
	}
}
