package lease

import (
	"time"

	"golang.org/x/sys/unix"
)

// Uptime is for how long this machine has run, suspended or not. It is the one
// clock that all its processes share and nobody can set. It is never 0 but where
// it cannot be read.
func Uptime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
