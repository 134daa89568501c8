package sweep

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"dce/internal/lease"
)

// deaths tells of leases in a directory that were closed by whoever wrote to
// them. An executor has its lease open for writing as long as it lives, and the
// kernel closes it whatever it dies of: so one watch, which costs nothing while
// nothing happens, sees the end of every executor, in any pid namespace.
type deaths struct {
	// C holds one value while there are deaths that nobody has heard of. It is
	// closed when the directory is gone.
	C    <-chan struct{}
	file *os.File
	done sync.WaitGroup
}

func watchDeaths(dir string) (*deaths, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watching the lease directory: %w", err)
	}
	const events = unix.IN_CLOSE_WRITE | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR
	if _, err := unix.InotifyAddWatch(fd, dir, events); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("watching %s: %w", dir, err)
	}
	c := make(chan struct{}, 1) // one: it says that there is news, not how much
	d := &deaths{C: c, file: os.NewFile(uintptr(fd), "inotify")}
	d.done.Go(func() { d.read(c) })
	return d, nil
}

// Close ends the watch.
func (d *deaths) Close() {
	_ = d.file.Close() // it was only read
	d.done.Wait()
}

func (d *deaths) read(c chan<- struct{}) {
	defer close(c)
	buf := make([]byte, 4096)
	for {
		n, err := d.file.Read(buf)
		death, gone := told(buf[:n])
		if err != nil || gone {
			return
		}
		if !death {
			continue
		}
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// told looks through what inotify(7) has given, headers that are each followed by
// a name of the length that they tell: for a lease, or events that were lost, and
// for the end of the directory itself. What else lies there sweeps write
// themselves: it must not wake them.
func told(events []byte) (death, gone bool) {
	for len(events) >= unix.SizeofInotifyEvent {
		e := (*unix.InotifyEvent)(unsafe.Pointer(&events[0])) //nolint:gosec // the kernel's layout, checked to be that long
		end := min(len(events), unix.SizeofInotifyEvent+int(e.Len))
		name := strings.TrimRight(string(events[unix.SizeofInotifyEvent:end]), "\x00")
		death = death || lease.IsFile(name) || e.Mask&unix.IN_Q_OVERFLOW != 0
		gone = gone || e.Mask&(unix.IN_DELETE_SELF|unix.IN_MOVE_SELF|unix.IN_IGNORED) != 0
		events = events[end:]
	}
	return death, gone
}
