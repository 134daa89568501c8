// Package registry asks image registries whether images are there, and which
// digest a tag stands for. It asks with the credentials of Docker's own
// configuration, pulls nothing and needs no engine.
package registry

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
)

// Client asks registries. The zero value is ready.
type Client struct {
	// Timeout bounds each question, 10 s when zero.
	Timeout time.Duration
	// Transport carries the questions, nil for the usual one.
	Transport http.RoundTripper
}

// Answer is what a registry says of an image.
type Answer struct {
	// Pinned is the reference with its digest, empty without one.
	Pinned string
	// Missing: the registry was asked and does not have the image.
	Missing bool
	// Err is why there is no answer, or no image.
	Err error
}

const (
	defaultTimeout = 10 * time.Second
	atOnce         = 8
)

// Digests asks for each reference. There is an answer for every one.
func (c Client) Digests(ctx context.Context, references []string) map[string]Answer {
	var mu sync.Mutex
	answers := map[string]Answer{}
	var asking errgroup.Group
	asking.SetLimit(atOnce)
	for _, ref := range slices.Compact(slices.Sorted(slices.Values(references))) {
		asking.Go(func() error {
			a := c.ask(ctx, ref)
			mu.Lock()
			defer mu.Unlock()
			answers[ref] = a
			return nil
		})
	}
	_ = asking.Wait() // no question returns an error
	return answers
}

func (c Client) ask(ctx context.Context, ref string) Answer {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	named, err := name.ParseReference(ref)
	if err != nil {
		return Answer{Err: err}
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	if c.Transport != nil {
		options = append(options, remote.WithTransport(c.Transport))
	}
	found, err := remote.Head(named, options...)
	if err != nil {
		return Answer{Missing: missing(err), Err: plain(err)}
	}
	return Answer{Pinned: pinned(ref, found.Digest.String())}
}

// pinned keeps the tag, for people: an engine takes name:tag@digest.
func pinned(ref, digest string) string {
	before, _, _ := strings.Cut(ref, "@")
	return before + "@" + digest
}

func missing(err error) bool {
	e, ok := errors.AsType[*transport.Error](err)
	return ok && e.StatusCode == http.StatusNotFound
}

// plain is the answer of a registry without what it says of itself.
func plain(err error) error {
	e, ok := errors.AsType[*transport.Error](err)
	if !ok {
		return err
	}
	return errors.New(http.StatusText(e.StatusCode))
}
