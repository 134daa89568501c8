package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"dce/internal/enginetest"
)

// A start that is given up at any moment returns only when the engine has done
// with it: one stop and one removal then leave nothing, and nothing appears
// later (the leak check comes when all moments are over).
func TestAStartGivenUpAtAnyMomentLeavesNothing(t *testing.T) {
	t.Parallel()
	enginetest.Require(t)
	for i := range 10 {
		after := time.Duration(i*i) * 12 * time.Millisecond // more of them early: there is the most going on
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			f := newFixture(t, "abort")
			p := f.pod(`
  a:
    %shared%
    command: [sleep, "100"]
    volumes: [data:/data]
  b:
    %shared%
    command: [sleep, "100"]
  c:
    image: %image%
    command: [sleep, "100"]
    networks: [own]
    stop_grace_period: 1s
    %labels%
volumes:
  data: {name: %id%-data, %labels%}
networks:
  own: {name: %id%-own, %labels%}
`)
			if err := p.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			err := p.Start(ctx)
			before := len(f.states())
			if err == nil {
				t.Logf("was up within %s", after)
			}
			if _, err := p.Stop(t.Context(), atOnce, ""); err != nil {
				t.Fatalf("stopping: %v", err)
			}
			if now := len(f.states()); now != before {
				t.Errorf("%d containers when Start returned, %d after the stop", before, now)
			}
			if err := p.Remove(t.Context()); err != nil {
				t.Fatalf("removing: %v", err)
			}
		})
	}
}

// atOnce is a stop without any grace.
func atOnce() time.Duration { return 0 }
