// Command dce runs pods of Docker Compose containers on Apache Mesos, and the
// same pods on this machine.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"dce/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), environment()))
}

func environment() cli.Env {
	dir, _ := os.Getwd()
	return cli.Env{
		Program:    os.Args[0],
		Args:       os.Args[1:],
		Dir:        dir,
		Environ:    os.Environ(),
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		Interrupts: interrupts(),
	}
}

func interrupts() <-chan cli.Interrupt {
	signals := make(chan os.Signal, 2) // the second must not be lost while the first is handled
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	out := make(chan cli.Interrupt)
	go func() {
		for s := range signals {
			code := 130
			if s == syscall.SIGTERM {
				code = 143
			}
			out <- cli.Interrupt{Exit: code}
		}
	}()
	return out
}
