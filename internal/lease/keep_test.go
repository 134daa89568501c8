//go:build unix

package lease

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// absent is above the kernel's highest pid.
const absent = 1 << 22

// left is a lease that a holder has left, with its note, and that a stranger has
// locked since.
func left(t *testing.T, dir string, holder func(*Identity), kind int) string {
	t.Helper()
	l := mustTake(t, dir)
	if holder != nil {
		id, err := Here().Self(l.Path())
		if err != nil {
			t.Fatal(err)
		}
		holder(&id)
		if err := l.Write([]Note{{Holder: &id}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Leave(); err != nil {
		t.Fatal(err)
	}
	stranger(t, l.Path(), kind)
	return l.Path()
}

// stranger locks a lease as everybody may who can read it; no kind, no lock.
func stranger(t *testing.T, path string, kind int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if kind == 0 {
		return
	}
	if err := syscall.Flock(int(f.Fd()), kind|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
}

func TestALeaseIsKeptByWhomItNotes(t *testing.T) {
	lives, gone := func(*Identity) {}, func(i *Identity) { i.PID = absent }
	for name, test := range map[string]struct {
		holder func(*Identity)
		lock   int
		held   bool
	}{
		"its holder is gone": {gone, 0, false},
		"its holder is gone, and a stranger has locked it":  {gone, syscall.LOCK_EX, false},
		"its holder is gone, and a stranger looks at it":    {gone, syscall.LOCK_SH, false},
		"its holder is of a former boot":                    {func(i *Identity) { i.BootID = "former" }, syscall.LOCK_EX, false},
		"its holder lives":                                  {lives, syscall.LOCK_EX, true},
		"its holder is of another namespace":                {func(i *Identity) { i.PID, i.Start = absent, "1@42" }, syscall.LOCK_EX, true},
		"its holder is of another namespace, and let it go": {func(i *Identity) { i.PID, i.Start = absent, "1@42" }, 0, false},
		"it notes nobody, and somebody has it":              {nil, syscall.LOCK_EX, true},
		"it notes nobody, and somebody only looks at it":    {nil, syscall.LOCK_SH, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := left(t, dir, test.holder, test.lock)
			if v := Here().Judge(Identity{Lease: path}); (v.State == Alive) != test.held {
				t.Errorf("it is %+v", v)
			}
			l, err := Keep(dir, "pod")
			if errors.Is(err, ErrHeld) != test.held || (err != nil) != test.held {
				t.Fatal(err)
			}
			if !test.held {
				kept(t, l)
			}
			if others, err := filepath.Glob(filepath.Join(dir, guardFile)); len(others) > 0 || err != nil {
				t.Errorf("left: %v, %v", others, err)
			}
		})
	}
}

// Labels may tell of a holder whom another has followed, and a note may be lost.
func TestALockIsThatOfTheHolderNotedOrElseOfTheOneLabelled(t *testing.T) {
	lives, gone := func(*Identity) {}, func(i *Identity) { i.PID = absent }
	for name, test := range map[string]struct {
		noted, labelled func(*Identity)
		want            State
	}{
		"the one labelled is gone, the one noted lives": {lives, gone, Alive},
		"the one labelled is gone, nobody is noted":     {nil, gone, Gone},
		"the one labelled lives, the one noted is gone": {gone, lives, Gone},
		"the one labelled lives, nobody is noted":       {nil, lives, Alive},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := left(t, t.TempDir(), test.noted, syscall.LOCK_EX)
			id, err := Here().Self(path)
			if err != nil {
				t.Fatal(err)
			}
			test.labelled(&id)
			if v := Here().Judge(id); v.State != test.want || v.Reason == "" {
				t.Errorf("it is %+v, want %s", v, test.want)
			}
		})
	}
}

// kept checks that a lease is that of this process, for everybody.
func kept(t *testing.T, l *Lease) {
	t.Helper()
	if v := Here().Judge(Identity{Lease: l.Path()}); v.State != Alive {
		t.Errorf("it is %+v", v)
	}
	notes, err := Notes(l.Path())
	if err != nil || len(notes) != 1 || notes[0].Holder == nil || notes[0].Holder.PID != os.Getpid() {
		t.Errorf("it notes %+v, %v", notes, err)
	}
	if info, err := os.Stat(l.Path()); err != nil || info.Mode().Perm() != shown {
		t.Errorf("it is %v, %v", info, err)
	}
	if err := Clear(l.Path()); !errors.Is(err, ErrHeld) || !leadsTo(l.path, l.file) {
		t.Errorf("it was cleared: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// What a stranger has locked is removed by its path: it must not be another's by
// then.
func TestManyWhoKeepAndClearAForsakenLeaseLeaveOneKeeper(t *testing.T) {
	for range 50 {
		dir := t.TempDir()
		path := left(t, dir, func(i *Identity) { i.PID = absent }, syscall.LOCK_EX)
		var keepers atomic.Int32
		var kept atomic.Pointer[Lease]
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				l, err := Keep(dir, "pod")
				switch {
				case err == nil:
					keepers.Add(1)
					kept.Store(l)
				case !errors.Is(err, ErrHeld):
					t.Error(err)
				}
			})
			all.Go(func() {
				if err := Clear(path); err != nil && !errors.Is(err, ErrHeld) {
					t.Error(err)
				}
			})
			all.Go(func() {
				had := kept.Load() != nil
				if v := Here().Judge(Identity{Lease: path}); had && v.State != Alive {
					t.Errorf("while it is kept it is %+v", v)
				}
			})
		}
		all.Wait()
		if n := keepers.Load(); n != 1 || !leadsTo(path, kept.Load().file) {
			t.Fatalf("%d have it", n)
		}
		release(t, kept.Load())
	}
}

func TestAStrangersLockIsNotWaitedFor(t *testing.T) {
	path := left(t, t.TempDir(), func(i *Identity) { i.PID = absent }, syscall.LOCK_EX)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := WaitEnd(ctx, path); err != nil {
		t.Error(err)
	}
}

func TestAForsakenLeaseThatIsOnlyLookedAtIsCleared(t *testing.T) {
	path := left(t, t.TempDir(), func(i *Identity) { i.PID = absent }, syscall.LOCK_SH)
	if err := Clear(path); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
