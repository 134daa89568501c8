package engine_test

import (
	"testing"

	"golang.org/x/sync/errgroup"

	"dce/internal/enginetest"
)

// Docker's default address pools hold about thirty networks; a pod that needs
// none of its own is not bound by them.
func TestMorePodsThanTheEngineHasNetworks(t *testing.T) {
	enginetest.Require(t)
	const pods = 32
	var group errgroup.Group
	group.SetLimit(8)
	fixtures := make([]fixture, pods)
	for i := range fixtures {
		fixtures[i] = newFixture(t, "many")
	}
	for _, f := range fixtures {
		p := f.pod("")
		group.Go(func() error {
			if err := p.Prepare(t.Context()); err != nil {
				return err
			}
			return p.Start(t.Context())
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	for _, f := range fixtures {
		p := f.pod("")
		group.Go(func() error {
			if _, err := p.Stop(t.Context(), unbounded, ""); err != nil {
				return err
			}
			return p.Remove(t.Context())
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
