// Package lease tells whether the process that looks after a pod still lives:
// it holds an exclusive flock on a file of a host directory, and everyone else
// can see whether the lock is free (design.md section 7). Boot id, pid and
// start time are the second evidence. It judges; what becomes of an orphan is
// its callers' decision.
//
// A lock is free the moment its holder is killed, also while the holder is an
// unreaped zombie, and works over bind mounts. A lease file that is unlinked
// while held can be taken anew by somebody else, who would then see a living
// holder as gone: so a file is unlinked only by whoever holds its exclusive
// lock, and a lock counts only when the path still leads to the locked file
// (reference/compose.md section 6, measured). Where somebody else has locked what
// a holder that is gone has left, whoever removes it has the lease's guard.
package lease

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ErrHeld says that another living process holds the lease.
var ErrHeld = errors.New("the lease is held by another process")

// suffix is how a lease file's name ends.
const suffix = ".lease"

// Lease is an exclusive lock that lives as long as this process does, or until
// it is released.
type Lease struct {
	file *os.File
	path string
}

// Path is the absolute path of the lease of that name in a directory. The name
// must be one path element.
func Path(dir, name string) (string, error) {
	if name == "" || name != filepath.Base(name) || name == "." || name == ".." {
		return "", fmt.Errorf("%q cannot name a lease", name)
	}
	return filepath.Abs(filepath.Join(dir, name+suffix))
}

// Take makes the directory (0755, so that every sweeper can look) and takes the
// lease of that name in it. It gives ErrHeld when a living process has it, and
// waits for nothing but the instant in which somebody looks at it.
//
// Everybody may read a lease, and who may read a file can hold a shared lock on
// it for as long as they like: that is ErrHeld too, after a while.
func Take(dir, name string) (*Lease, error) {
	path, err := place(dir, name)
	if err != nil {
		return nil, err
	}
	return insist(takeTries, func() (*Lease, error) { return take(path) })
}

// place is the path of a lease in a directory that there is.
func place(dir, name string) (string, error) {
	path, err := Path(dir, name)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the lease directory: %w", err)
	}
	return path, nil
}

// How often a lease that somebody looks at is tried again, at pauses of
// againPause, for what takes microseconds: a second for a holder, who cannot do
// without it, and a tenth for whoever tidies, who comes by again. Two processes
// that do nothing but look, on two busy cores, cost a holder 45 tries in the
// worst of 2,000 takes, and 100 at least once in a run of CI.
const (
	takeTries  = 1000
	clearTries = 100
	againPause = time.Millisecond
)

// insist takes a lease that somebody looks at, or replaces, at the same moment.
func insist(tries int, take func() (*Lease, error)) (*Lease, error) {
	for range tries {
		l, err := take()
		if !errors.Is(err, errAgain) {
			return l, err
		}
		<-time.After(againPause)
	}
	return nil, errWatched
}

// errWatched says that somebody has looked at the lease all the time.
var errWatched = fmt.Errorf("%w: by one who only looks", ErrHeld)

// aloneTries and alonePause bound TakeAlone: half a second.
const (
	aloneTries = 100
	alonePause = 5 * time.Millisecond
)

// TakeAlone takes a lease whose name nobody else takes. Where it is held all the
// same, a sweeper has seen the file before it was locked and is about to remove
// it: that takes microseconds, and is waited for.
func TakeAlone(dir, name string) (*Lease, error) {
	l, err := Take(dir, name)
	for tries := 1; errors.Is(err, ErrHeld) && !errors.Is(err, errWatched) && tries < aloneTries; tries++ {
		<-time.After(alonePause)
		l, err = Take(dir, name)
	}
	return l, err
}

// errAgain says that the file was replaced or looked at in between.
var errAgain = errors.New("try again")

// take makes a lease that other users may read, since they must be able to test
// it.
func take(path string) (*Lease, error) { return takeAs(path, shown) }

func takeAs(path string, mode uint32) (*Lease, error) {
	f, err := openFile(path, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return nil, fmt.Errorf("opening the lease: %w", err)
	}
	if err := takeFile(f, path); err != nil {
		f.Close()
		return nil, err
	}
	return &Lease{file: f, path: path}, nil
}

func takeFile(f *os.File, path string) error {
	switch locked, err := tryLock(f, exclusive); {
	case err != nil:
		return fmt.Errorf("locking %s: %w", path, err)
	case !locked:
		return whoHas(f)
	}
	if !leadsTo(path, f) {
		return errAgain
	}
	return nil
}

// whoHas tells a holder from a tester, whose shared lock lasts for microseconds.
func whoHas(f *os.File) error {
	shared, err := tryLock(f, shared)
	switch {
	case err != nil:
		return err
	case shared:
		return errAgain
	}
	return ErrHeld
}

// leadsTo reports whether the path still names the open file.
func leadsTo(path string, f *os.File) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(open, named)
}

// Path is where the lease's file is.
func (l *Lease) Path() string { return l.path }

// Release unlinks the file, while it is still locked, and gives the lock back.
func (l *Lease) Release() error {
	var err error
	if leadsTo(l.path, l.file) {
		err = os.Remove(l.path)
	}
	return errors.Join(err, l.file.Close())
}

// Clear removes the lease file of a holder that is gone, whoever has locked it
// since: the name of a lease that notes its holder is nobody else's. One that is
// held stays, and gives ErrHeld.
func Clear(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return guarded(path, func() error {
		if err := removeAbandoned(path); err != nil {
			return err
		}
		l, err := reopen(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		}
		return l.Release()
	})
}

func reopen(path string) (*Lease, error) {
	return insist(clearTries, func() (*Lease, error) {
		f, err := openFile(path, os.O_RDONLY, 0) // to write would tell a watch that a holder has died
		if err != nil {
			return nil, err
		}
		if err := takeFile(f, path); err != nil {
			f.Close()
			return nil, err
		}
		return &Lease{file: f, path: path}, nil
	})
}

// waitPause is the longest pause between two looks at a lease that is waited
// for. A look takes 7 µs (reference/compose.md section 6), and whoever waits
// loses half a pause.
const waitPause = 5 * time.Millisecond

// Wait returns when nobody holds the lease at path, or when ctx ends. A lock
// has no notification, so it looks again at growing intervals up to waitPause.
func Wait(ctx context.Context, path string) error {
	return waitWhile(ctx, path, held)
}

// WaitEnd returns when the holder of the lease at path has given it back or is
// gone, whoever has locked it since, or when ctx ends.
func WaitEnd(ctx context.Context, path string) error {
	h := Here()
	return waitWhile(ctx, path, func(path string) bool { return held(path) && !h.Idle(path) })
}

func waitWhile(ctx context.Context, path string, held func(string) bool) error {
	pause := time.Millisecond
	for held(path) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the lease %s: %w", path, context.Cause(ctx))
		case <-time.After(pause):
		}
		pause = min(2*pause, waitPause)
	}
	return nil
}

func held(path string) bool {
	return look(path).State == Alive
}
