//go:build linux

package local_test

import (
	"fmt"
	"strings"
	"testing"

	"dce/internal/enginetest"
)

const counting = `
services:
  web:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; i=0; while :; do i=$$((i+1)); echo line $$i; sleep 0.2; done']
    stop_grace_period: 5s
`

const restarted = "the Docker engine was restarted, which stopped the pod's containers"

// A Docker daemon that is restarted is a normal event: where it keeps its
// containers, pods and their logs go on.
func TestPodsGoOnOverARestartOfAnEngineThatKeepsThem(t *testing.T) {
	t.Parallel()
	private := enginetest.StartPrivate(t, 128, "--live-restore")
	shown, hidden := onPrivate(t, private), onPrivate(t, private)
	up := shown.dce("up", "--local").start().until("line 3")
	hidden.dce("up", "--local", "-d").run().exits(0)
	private.Kill()
	up.until("the Docker engine does not answer")
	private.Start()
	up.until("the Docker engine is back")
	seen := len(lines(up.stdout()))
	enginetest.Eventually(t, within, "more lines", func() (bool, string) {
		return len(lines(up.stdout())) > seen+3, up.stdout()
	})
	for i, line := range lines(up.stdout()) { // none is lost, none comes twice
		if want := fmt.Sprintf("web │ line %d", i+1); strings.TrimSpace(line) != want {
			t.Fatalf("line %d is %q", i+1, line)
		}
	}
	up.end()
	if r := hidden.ps(hidden.id()); r.State != "running" || r.Keeper != "alive" {
		t.Errorf("ps says %+v", r)
	}
	hidden.dce("down", "--local").run().exits(0)
	hidden.gone(hidden.id())
}

// Where it stops them, the pod has ended, and says why: an engine that is killed
// does so when it starts again, one that is asked to end before it goes.
func TestPodsEndWithAnEngineThatStopsThem(t *testing.T) {
	t.Parallel()
	type start = func(testing.TB, int, ...string) *enginetest.Private
	type end = func(*enginetest.Private)
	for name, engine := range map[string]struct {
		start
		end
	}{
		"killed":                            {enginetest.StartPrivate, (*enginetest.Private).Kill},
		"restarted":                         {enginetest.StartPrivate, (*enginetest.Private).Stop},
		"restarted by a manager of sockets": {enginetest.StartActivated, (*enginetest.Private).Stop},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endWith(t, engine.start(t, 128), engine.end)
		})
	}
}

func endWith(t *testing.T, private *enginetest.Private, end func(*enginetest.Private)) {
	t.Helper()
	shown, hidden := onPrivate(t, private), onPrivate(t, private)
	up := shown.dce("up", "--local").start().until("line 3")
	hidden.dce("up", "--local", "-d").run().exits(0)
	end(private)
	private.Start()
	up.wait()
	up.exits(1, restarted, "live-restore")
	enginetest.Eventually(t, within, "the reason", func() (bool, string) {
		r := hidden.ps(hidden.id())
		return r.State == "failed" && r.Reason == restarted, fmt.Sprintf("%+v", r)
	})
	for _, p := range []*place{shown, hidden} {
		p.gone(p.id())
		p.dce("down", "--local").run().exits(0)
	}
}

func onPrivate(t *testing.T, private *enginetest.Private) *place {
	t.Helper()
	return on(t, private.API, counting, "DOCKER_HOST="+private.Host)
}

func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
