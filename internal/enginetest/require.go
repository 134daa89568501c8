// Package enginetest is what tests against a real Docker engine share: whether
// there is one, images made from nothing, names of their own, and the proof
// that nothing was left behind. Only tests import it.
package enginetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"dce/internal/engine"
)

// Require skips a test where no engine was asked for, and fails it where one
// was asked for and does not answer: `make test` sets DCE_TEST_ENGINE.
func Require(tb testing.TB) *client.Client {
	tb.Helper()
	if os.Getenv("DCE_TEST_ENGINE") == "" {
		tb.Skip("needs a Docker engine: run make test")
	}
	api, err := client.New(client.FromEnv)
	if err != nil {
		tb.Fatalf("finding the Docker engine: %v", err)
	}
	tb.Cleanup(func() { api.Close() })
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	if _, err := api.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		tb.Fatalf("DCE_TEST_ENGINE is set, but no Docker engine answers: %v", err)
	}
	return api
}

// Connect gives an engine connection for a test, closed at its end.
func Connect(tb testing.TB, o engine.Options) *engine.Engine {
	tb.Helper()
	e, err := engine.Connect(tb.Context(), o)
	if err != nil {
		tb.Fatalf("connecting to the engine: %v", err)
	}
	tb.Cleanup(func() { e.Close() })
	return e
}

// PodID gives an id that no other test has: "test-<name>-<random>". It is also
// a valid compose project name.
func PodID(tb testing.TB, name string) string {
	tb.Helper()
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "test-" + strings.ToLower(name) + "-" + hex.EncodeToString(b[:])
}

// Eventually asks again and again until the condition holds, and fails the
// test with the last answer when it does not within the time.
func Eventually(tb testing.TB, within time.Duration, what string, holds func() (bool, string)) {
	tb.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, last := holds()
		if ok {
			return
		}
		select {
		case <-deadline.C:
			tb.Fatalf("waiting for %s: not within %s; last: %s", what, within, last)
		case <-tick.C:
		}
	}
}
