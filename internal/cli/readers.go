package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// outliveReaders lets this process go on when nobody reads its stdout or stderr any
// more (| head, an agent's container logger that has died): it must not leave its
// pod without a keeper. Writing there fails from now on, and ends nothing. The signal
// is taken and not ignored, since children would inherit that.
func outliveReaders() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
