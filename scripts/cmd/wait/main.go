// Command wait waits for SIGTERM and ends: the only service of the pods that
// the benchmarks start, so that they measure the starting.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}
