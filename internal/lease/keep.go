package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Keep takes a lease for a process that notes itself in it, by which it is judged
// from then on (Judge). What a holder that is gone has left is removed first,
// whoever has locked it since: everybody may read a lease, and whoever waits for
// its lock has it when the holder dies. It gives ErrHeld when somebody else has
// the lease whose end nothing proves. All takers of one name use Keep, or none
// does.
func Keep(dir, name string) (l *Lease, err error) {
	path, err := place(dir, name)
	if err != nil {
		return nil, err
	}
	err = guarded(path, func() error {
		l, err = keep(path)
		return err
	})
	return l, err
}

func keep(path string) (*Lease, error) {
	if err := removeAbandoned(path); err != nil {
		return nil, err
	}
	l, err := insist(takeTries, func() (*Lease, error) { return takeBlank(path) })
	if errors.Is(err, errWatched) { // no holder: each has taken it under this guard, and exclusively
		if err := remove(path); err != nil {
			return nil, err
		}
		l, err = insist(takeTries, func() (*Lease, error) { return takeBlank(path) })
	}
	if err != nil {
		return nil, err
	}
	if id, err := Here().Self(path); err == nil {
		_ = l.Write([]Note{{Holder: &id}}) // without a note the lock decides, and whom the labels name
	}
	if err := l.file.Chmod(shown); err != nil {
		return nil, errors.Join(fmt.Errorf("showing the lease to other users: %w", err), l.Release())
	}
	return l, nil
}

// A lease that is kept is shown to other users when it is locked and notes whose
// it is: nobody has the file, and its lock, before.
const (
	hidden = 0o600
	shown  = 0o644
)

// takeBlank takes a file without notes: locked, one that still notes who had it
// before would be taken for forsaken until it is written to.
func takeBlank(path string) (*Lease, error) {
	l, err := takeAs(path, hidden)
	if err != nil {
		return nil, err
	}
	if info, err := l.file.Stat(); err == nil && info.Size() == 0 {
		return l, nil
	}
	if err := l.Release(); err != nil { // Windows removes no open file, and shows nobody the notes of a locked one
		return takeAs(path, hidden)
	}
	return nil, errAgain
}

// removeAbandoned removes the file of a holder that is provably gone. The caller
// has the guard: the file that has been read is the one that is removed.
func removeAbandoned(path string) error {
	f, err := openFile(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the lease: %w", err)
	}
	notes, _ := readNotes(f) // what cannot be read notes nobody
	v, _ := Here().holder(notes)
	if err := f.Close(); err != nil || v.State != Gone {
		return err
	}
	return remove(path)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the lease of one that is gone: %w", err)
	}
	return nil
}

// guardTries bounds the wait for a guard, at pauses of alonePause: five seconds,
// since who has it may insist on the lease for two.
const guardTries = 1000

// guardFile is beside the leases that it guards. It is one for all, so that those
// who are killed while they have it leave one file.
const guardFile = "guard"

// guarded does what removes a lease by its path, which may lead to another one's
// file a moment later, or takes one after that. The guard is a lock that nobody
// can have but who may remove leases: no other user can open its file.
func guarded(path string, do func() error) error {
	guard, err := takeGuard(filepath.Join(filepath.Dir(path), guardFile))
	if err != nil {
		return fmt.Errorf("guarding the lease: %w", err)
	}
	defer func() { _ = guard.Release() }() // it is closed at least: a file that stays is the next one's guard
	return do()
}

func takeGuard(path string) (*Lease, error) {
	for tries := 1; ; tries++ {
		g, err := insist(takeTries, func() (*Lease, error) { return takeAs(path, hidden) })
		if !errors.Is(err, ErrHeld) || tries == guardTries {
			return g, err
		}
		<-time.After(alonePause)
	}
}
