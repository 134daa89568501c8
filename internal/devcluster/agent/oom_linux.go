package agent

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// oomEvents tells when the kernel finds the memory of the container at its limit. The channel is nil where that cannot
// be watched; then only the end of the executor tells.
func (g *cgroups) oomEvents() (events <-chan struct{}, stop func()) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, func() {}
	}
	event := os.NewFile(uintptr(fd), "eventfd")
	control, err := os.Open(g.path("memory", "memory.oom_control"))
	if err != nil {
		event.Close()

		return nil, func() {}
	}
	defer control.Close()
	register := fmt.Sprintf("%d %d", fd, control.Fd())
	if err := os.WriteFile(g.path("memory", "cgroup.event_control"), []byte(register), 0o644); err != nil { //nolint:gosec // a file of the kernel
		event.Close()

		return nil, func() {}
	}

	found := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if _, err := event.Read(make([]byte, 8)); err == nil {
			close(found)
		}
	}()

	return found, func() {
		event.Close()
		<-ended
	}
}
