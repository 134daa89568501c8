//go:build unix

package lease

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNotesOutliveTheirWriter(t *testing.T) {
	dir := t.TempDir()
	l := mustTake(t, dir)
	want := []Note{
		{Cgroup: "/mesos/c", Agents: map[string]uint64{"/sys/fs/cgroup/memory/mesos/c": 7}},
		{Pod: "c", KeptUntil: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)},
	}
	for _, notes := range [][]Note{append(want, want...), want} { // the second is shorter
		if err := l.Write(notes); err != nil {
			t.Fatal(err)
		}
	}
	if Here().Idle(l.Path()) {
		t.Error("a lease that is held is free")
	}
	if err := l.Leave(); err != nil {
		t.Fatal(err)
	}
	if !Here().Idle(l.Path()) {
		t.Error("a lease that was left is held")
	}
	got, err := Notes(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatIsNoNoteIsLeftOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lease")
	if err := os.WriteFile(path, []byte("what\n{\"pod\":\"p\"}\n{\"pod\":\"cut of"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Notes(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Note{{Pod: "p"}}, got); d != "" {
		t.Error(d)
	}
	if notes, err := Notes(path + ".absent"); err != nil || notes != nil {
		t.Errorf("of no lease: %v, %v", notes, err)
	}
}

func TestFilesOfADirectoryAreItsLeases(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.lease", "a.lease", ".lease", "swept", "x.lease.bak"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.lease")); err != nil {
		t.Fatal(err)
	}
	got, err := Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{filepath.Join(dir, "a.lease"), filepath.Join(dir, "b.lease")}, got); d != "" {
		t.Error(d)
	}
	if none, err := Files(filepath.Join(dir, "absent")); err != nil || none != nil {
		t.Errorf("of no directory: %v, %v", none, err)
	}
}

func TestAForsakenLeaseIsClearedWhoeverHasLockedIt(t *testing.T) {
	const absent = 1 << 22 // above the kernel's highest pid
	tests := map[string]struct {
		change func(*Identity)
		want   bool
	}{
		"its holder lives":                    {func(*Identity) {}, false},
		"its holder is gone":                  {func(i *Identity) { i.PID = absent }, true},
		"its holder is of another namespace":  {func(i *Identity) { i.PID, i.Start = absent, "1@42" }, false},
		"its holder is of a former boot":      {func(i *Identity) { i.BootID = "former" }, true},
		"its pid is another process's by now": {func(i *Identity) { i.Start = "1@" + namespacesOf(i.Start) }, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := mustTake(t, t.TempDir())
			defer l.file.Close()
			id, err := Here().Self(l.Path())
			if err != nil {
				t.Fatal(err)
			}
			test.change(&id)
			if err := l.Write([]Note{{Executor: "ex", Holder: &id}}); err != nil {
				t.Fatal(err)
			}
			if got := Here().Idle(l.Path()); got != test.want {
				t.Errorf("forsaken: %v", got)
			}
			if err := Clear(l.Path()); errors.Is(err, ErrHeld) == test.want {
				t.Error(err)
			}
			if _, err := os.Stat(l.Path()); (err != nil) != test.want {
				t.Error(err)
			}
		})
	}
}
