package enginetest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Serve starts a registry on 127.0.0.1, which engines take without TLS, and
// returns its name.
func Serve(tb testing.TB, h http.Handler) string {
	tb.Helper()
	s := httptest.NewServer(h)
	tb.Cleanup(func() {
		s.CloseClientConnections() // Engine 20.10.24 goes on waiting for a layer that nobody wants any more
		s.Close()
	})
	return strings.TrimPrefix(s.URL, "http://")
}

// Registry is a whole registry, without images.
func Registry() http.Handler { return registry.New(registry.Logger(log.New(io.Discard, "", 0))) }

// Stalled is an image whose registry answers everything but the layers: a pull
// of it never ends.
type Stalled struct {
	Image string
	Asked <-chan struct{} // closed when a layer was asked for
}

// StartStalled starts the registry of a stalled image.
func StartStalled(tb testing.TB) Stalled {
	tb.Helper()
	s := &stalled{Handler: Registry(), asked: make(chan struct{}), over: make(chan struct{})}
	ref := Serve(tb, s) + "/web:1"
	tb.Cleanup(func() { close(s.over) }) // an engine asks again when its connection breaks
	Push(tb, ref)
	return Stalled{Image: ref, Asked: s.asked}
}

// Push puts an image of one small layer into a registry on this machine and
// returns its digest.
func Push(tb testing.TB, ref string, options ...remote.Option) string {
	tb.Helper()
	named, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		tb.Fatal(err)
	}
	image, err := random.Image(1024, 1)
	if err != nil {
		tb.Fatal(err)
	}
	if err := remote.Write(named, image, append(options, remote.WithContext(tb.Context()))...); err != nil {
		tb.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		tb.Fatal(err)
	}
	return digest.String()
}

type stalled struct {
	http.Handler

	asked, over chan struct{}
	once        sync.Once
}

// ServeHTTP implements http.Handler.
func (s *stalled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
		s.once.Do(func() { close(s.asked) })
		select {
		case <-r.Context().Done():
		case <-s.over:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return
	}
	s.Handler.ServeHTTP(w, r)
}
