package lease

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// The kinds of lock: a holder's, and the one of those who only look.
const (
	exclusive = windows.LOCKFILE_EXCLUSIVE_LOCK
	shared    = 0
)

// openFile opens a file. Handles that Go opens are not inherited by children.
func openFile(path string, flags int, mode uint32) (*os.File, error) {
	return os.OpenFile(path, flags, os.FileMode(mode))
}

// tryLock takes a lock on the file's first byte without waiting. A lock that
// the file has already is given back first: Windows does not convert locks.
func tryLock(f *os.File, kind int) (bool, error) {
	h := windows.Handle(f.Fd())
	at := new(windows.Overlapped)
	if err := windows.UnlockFileEx(h, 0, 1, 0, at); err != nil && !errors.Is(err, windows.ERROR_NOT_LOCKED) {
		return false, fmt.Errorf("unlocking: %w", err)
	}
	err := windows.LockFileEx(h, uint32(kind)|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return false, nil
	}
	return false, fmt.Errorf("locking: %w", err)
}
