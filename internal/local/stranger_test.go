//go:build unix

package local_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dce/internal/enginetest"
	"dce/internal/lease"
)

// lease is the file that the pod's keeper has locked.
func (p *place) lease() string { return filepath.Join(p.dir, "leases", p.id()+".lease") }

// lock waits for the lock of the pod's lease, as everybody may who can read the
// file, and keeps it.
func (p *place) lock(kind int) (locked <-chan error) {
	p.t.Helper()
	f, err := os.Open(p.lease())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = f.Close() })
	done := make(chan error, 1)
	go func() { done <- syscall.Flock(int(f.Fd()), kind) }()
	return done
}

// forsaken is a pod whose keeper was killed, and whose lease somebody has locked
// who had waited for that.
func forsaken(t *testing.T, kind int) *place {
	t.Helper()
	p := at(t, serving)
	p.dce("up", "--local", "-d").run().exits(0)
	locked := p.lock(kind)
	kill(t, p.monitor(p.id()))
	if err := <-locked; err != nil {
		t.Fatal(err)
	}
	p.dce("ls").run().exits(0, p.id(), "unattended")
	if r := p.ps(p.id()); r.Keeper != string(lease.Gone) {
		t.Errorf("its keeper is %s", r.Keeper)
	}
	return p
}

// locks are what a stranger may have.
func locks() map[string]int {
	return map[string]int{"locked": syscall.LOCK_EX, "looked at": syscall.LOCK_SH}
}

func TestAPodWhoseLeaseAStrangerHasLockedIsTakenDown(t *testing.T) {
	for name, kind := range locks() {
		t.Run(name, func(t *testing.T) {
			p := forsaken(t, kind)
			began := time.Now()
			p.dce("down", "--local", "--volumes", "--timeout", "1s").run().exits(0)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			p.gone(p.id())
			p.leaseless()
		})
	}
}

// leaseless checks that nothing is left of a lease of this place.
func (p *place) leaseless() {
	p.t.Helper()
	for _, path := range []string{p.lease(), filepath.Join(filepath.Dir(p.lease()), "guard")} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			p.t.Errorf("left: %s, %v", path, err)
		}
	}
}

func TestAPodWhoseLeaseAStrangerHasLockedIsReplaced(t *testing.T) {
	for name, kind := range locks() {
		for content, change := range map[string]func(string) string{
			"of the same content": func(s string) string { return s },
			"of another content":  func(s string) string { return strings.ReplaceAll(s, "web is up", "web is new") },
		} {
			t.Run(name+" "+content, func(t *testing.T) {
				p := forsaken(t, kind)
				p.write(change(serving))
				before := p.monitor(p.id())
				p.dce("up", "--local", "--dry-run").run().exits(0, "replace pod")
				p.dce("up", "--local", "-d").run().exits(0, "nothing looks after", "replacing it")
				if p.monitor(p.id()) == before || p.ps(p.id()).Keeper != string(lease.Alive) {
					t.Error("nothing looks after it")
				}
				p.dce("down", "--local").run().exits(0)
				p.gone(p.id())
				p.leaseless()
			})
		}
	}
}

// The process that was told to run the pod in the background hands it over to its
// monitor and ends: the lease notes the monitor from the first moment on.
func TestAPodIsAttendedFromItsBeginningToItsEnd(t *testing.T) {
	p := at(t, serving)
	up := p.dce("up", "--local", "-d").start()
	ended := make(chan struct{})
	go func() { defer close(ended); up.wait() }()
	attended := p.attended(ended)
	up.exits(0)
	if len(attended) != 1 || attended[0] != p.monitor(p.id()) || slices.Contains(attended, up.cmd.Process.Pid) {
		t.Errorf("noted were %v, its monitor is %d", attended, p.monitor(p.id()))
	}
	p.dce("ls").run().exits(0, p.id())
	if keeper := p.ps(p.id()).Keeper; keeper != string(lease.Alive) {
		t.Errorf("its keeper is %s", keeper)
	}
	p.dce("up", "--local", "-d").run().exits(0, "is already running with this content")
}

// attended are the processes that the pod's lease notes until there is an end, in
// their order. Where there is one, the lease counts as held.
func (p *place) attended(ended <-chan struct{}) (pids []int) {
	p.t.Helper()
	held := false
	for {
		if v := lease.Here().Judge(lease.Identity{Lease: p.lease()}); held && v.State != lease.Alive {
			p.t.Errorf("it is %+v", v)
		}
		notes, err := lease.Notes(p.lease())
		if err != nil {
			p.t.Error(err)
		}
		for _, n := range notes {
			held = true
			if !slices.Contains(pids, n.Holder.PID) {
				pids = append(pids, n.Holder.PID)
			}
		}
		select {
		case <-ended:
			return pids
		case <-time.After(time.Millisecond):
		}
	}
}

// An attached pod has no monitor: the command itself is noted.
func TestAnAttachedPodIsAttendedByItsCommand(t *testing.T) {
	p := at(t, serving)
	up := p.dce("up", "--local").start().until("web is up")
	notes, err := lease.Notes(p.lease())
	if err != nil || len(notes) != 1 || notes[0].Holder.PID != up.cmd.Process.Pid {
		t.Errorf("noted is %+v, %v", notes, err)
	}
	locked := p.lock(syscall.LOCK_EX)
	kill(t, up.cmd.Process.Pid)
	up.wait()
	if err := <-locked; err != nil {
		t.Error(err)
	}
	enginetest.Eventually(t, within, "the pod is unattended", func() (bool, string) {
		c := p.dce("ls").run()
		return strings.Contains(c.stdout(), "unattended"), c.stdout()
	})
	p.dce("down", "--local").run().exits(0)
	p.gone(p.id())
}

// What guards a lease is locked for moments. Whoever has it for longer may remove
// leases, and is not overruled.
func TestAGuardThatCannotBeHadIsTold(t *testing.T) {
	p := at(t, serving)
	if err := os.Mkdir(filepath.Dir(p.lease()), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(filepath.Dir(p.lease()), "guard"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	p.dce("up", "--local").run().exits(4, "DCE423", p.lease(), "fuser")
}

// A lease that notes nobody and that somebody has may be anybody's: nothing is
// done to it, and nobody waits for ever.
func TestALeaseThatCannotBeHadIsTold(t *testing.T) {
	for name, args := range map[string][]string{"attached": nil, "in the background": {"-d"}} {
		t.Run(name, func(t *testing.T) {
			p := at(t, serving)
			l, err := lease.Take(filepath.Dir(p.lease()), p.id())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Release() })
			p.dce(append([]string{"up", "--local"}, args...)...).run().exits(4, "DCE423", p.lease(), "fuser")
			p.dce("down", "--local").run().exits(4, "DCE423", p.lease(), "fuser")
		})
	}
}
