package registry

import (
	"context"
	"net/http"
	"testing"

	"dce/internal/enginetest"
)

func TestATagStandsForADigest(t *testing.T) {
	host := enginetest.Serve(t, enginetest.Registry())
	ref := host + "/shop/web:1.9"
	digest := enginetest.Push(t, ref)
	got := Client{}.Digests(t.Context(), []string{ref, ref, ref + "@" + digest})
	if len(got) != 2 || got[ref] != (Answer{Pinned: ref + "@" + digest}) || got[ref+"@"+digest].Pinned != ref+"@"+digest {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsNotThereIsToldFromWhatCannotBeAsked(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	host := enginetest.Serve(t, enginetest.Registry())
	enginetest.Push(t, host+"/shop/web:1.9")
	closed := enginetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
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
