// Command wait waits for SIGTERM and ends: the only service of the pods that
// the benchmarks start, so that they measure the starting. With an argument it
// ends at once, as a check of its health.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		return // asked for its health
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}
