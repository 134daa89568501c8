//go:build unix

package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// The kinds of lock: a holder's, and the one of those who only look, so that
// two of them do not take each other for a holder.
const (
	exclusive = unix.LOCK_EX
	shared    = unix.LOCK_SH
)

// openFile opens a regular file and nothing else: no link is followed, a FIFO
// does not block. One that it makes is for whom the mode says; no child inherits
// it, since a child that does keeps the lock.
func openFile(path string, flags int, mode uint32) (*os.File, error) {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, mode)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// tryLock takes a lock without waiting; a lock of the other kind that the same
// open file has is converted.
func tryLock(f *os.File, kind int) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), kind|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, fmt.Errorf("flock: %w", err)
		}
	}
}
