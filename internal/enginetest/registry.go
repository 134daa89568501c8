package enginetest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Serve starts a registry on 127.0.0.1, which engines take without TLS, and
// returns its name. At the end of the test the contexts of all requests end,
// also of those that come later: Engine 20.10.24 goes on waiting for a layer
// that nobody wants any more, asks again when its connection breaks, and the
// server's own end waits for whoever answers it.
func Serve(tb testing.TB, h http.Handler) string {
	tb.Helper()
	ctx, end := context.WithCancel(context.WithoutCancel(tb.Context()))
	s := httptest.NewUnstartedServer(h)
	s.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	s.Start()
	tb.Cleanup(func() {
		end()
		s.CloseClientConnections()
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

	asked <-chan struct{} // closed when a layer was asked for
}

// StartStalled starts the registry of a stalled image.
func StartStalled(tb testing.TB) Stalled {
	tb.Helper()
	s := &stalled{Handler: Registry(), asked: make(chan struct{})}
	ref := Serve(tb, s) + "/web:1"
	Push(tb, ref)
	return Stalled{Image: ref, asked: s.asked}
}

// Await waits until a layer was asked for.
func (s Stalled) Await(tb testing.TB) {
	tb.Helper()
	patience := time.NewTimer(time.Minute)
	defer patience.Stop()
	select {
	case <-s.asked:
	case <-patience.C:
		tb.Fatalf("nobody has asked for a layer of %s in a minute", s.Image)
	}
}

// Push puts an image of one small layer into a registry on this machine and
// returns its digest.
func Push(tb testing.TB, ref string, options ...remote.Option) string {
	tb.Helper()
	image, err := random.Image(1024, 1)
	if err != nil {
		tb.Fatal(err)
	}
	return PushImage(tb, ref, image, options...)
}

// PushImage is Push for an image of the test's own.
func PushImage(tb testing.TB, ref string, image v1.Image, options ...remote.Option) string {
	tb.Helper()
	named, err := name.ParseReference(ref, name.Insecure)
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

	asked chan struct{}
	once  sync.Once
}

// ServeHTTP implements http.Handler.
func (s *stalled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
		s.once.Do(func() { close(s.asked) })
		<-r.Context().Done()
		return
	}
	s.Handler.ServeHTTP(w, r)
}
