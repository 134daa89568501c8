//go:build unix

package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dce/internal/enginetest"
)

// A pull that does not end is where a pod may hang longest: whoever ends it
// then must not wait, nor leave anything.
func TestAPodThatIsPulledCanBeEnded(t *testing.T) {
	tests := map[string]struct {
		args []string
		end  func(p *place, up *call)
		code int
		says []string
	}{
		"by Ctrl-C": {end: interrupt, code: 130, says: []string{"stopping gracefully"}},
		"by Ctrl-C before it is in the background": {args: []string{"-d"}, end: interrupt, code: 130, says: []string{"stopping gracefully"}},
		"by dce down": {end: takeDown, code: 0, says: []string{"stopped by dce down"}},
		"by dce down before it is in the background": {args: []string{"-d"}, end: takeDown, code: 0, says: []string{"stopped by dce down"}},
		"by the end of its time":                     {args: []string{"--wait=1s"}, end: func(*place, *call) {}, code: 6, says: []string{"1s"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, up := pulling(t, test.args...)
			test.end(p, up)
			up.wait()
			up.exits(test.code, test.says...)
			p.gone(p.id())
			p.dce("ls").run().exits(0)
		})
	}
}

func interrupt(_ *place, up *call) { up.signal(syscall.SIGINT) }

func takeDown(p *place, _ *call) { p.dce("down", "--local").run().exits(0, "is gone") }

func TestAKillWhilePullingLeavesWhatDownRemoves(t *testing.T) {
	for name, args := range map[string][]string{"attached": nil, "in the background": {"-d"}} {
		t.Run(name, func(t *testing.T) {
			p, up := pulling(t, args...)
			if err := syscall.Kill(p.monitor(p.id()), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			up.wait()
			if len(args) > 0 {
				up.exits(1, "monitor")
			}
			p.dce("ls").run().exits(0, p.id(), "its keeper was killed before it had containers")
			p.dce("down", "--local").run().exits(0, "is gone")
			p.gone(p.id())
			if left, _ := os.ReadDir(filepath.Join(p.dir, "state", "dce", "pods")); len(left) > 0 {
				t.Errorf("left in the state directory: %v", left)
			}
		})
	}
}

// pulling is a pod that waits for an image's layers.
func pulling(t *testing.T, args ...string) (*place, *call) {
	t.Helper()
	p := at(t, serving)
	stalled := enginetest.StartStalled(t)
	p.write(strings.ReplaceAll(serving, "IMAGE", stalled.Image))
	up := p.dce(append([]string{"up", "--local"}, args...)...).start()
	stalled.Await(t)
	return p, up
}
