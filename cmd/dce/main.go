// Command dce runs pods of Docker Compose containers on Apache Mesos, and the
// same pods on this machine.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"dce/internal/cli"
)

// version is stamped by the linker; without that it is the module's.
var version string

func main() {
	os.Exit(cli.Main(context.Background(), environment()))
}

func environment() cli.Env {
	dir, _ := os.Getwd()
	return cli.Env{
		Program:    os.Args[0],
		Args:       os.Args[1:],
		Version:    ownVersion(),
		Dir:        dir,
		Environ:    os.Environ(),
		Unsetenv:   func(name string) { _ = os.Unsetenv(name) }, // fails for a name that cannot be set either
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		Interrupts: interrupts(),
	}
}

func interrupts() <-chan cli.Interrupt {
	signals := make(chan os.Signal, 2) // the second must not be lost while the first is handled
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // the terminal is gone, and nohup has not said that it may
		signal.Notify(signals, syscall.SIGHUP)
	}
	out := make(chan cli.Interrupt, 2) // sending never blocks: the third signal exits
	go func() {
		for n := 1; ; n++ {
			code := 130
			if s, ok := (<-signals).(syscall.Signal); ok {
				code = 128 + int(s)
			}
			if n > 2 {
				os.Exit(code) // asked gracefully, then urgently: whoever insists is obeyed
			}
			out <- cli.Interrupt{Exit: code}
		}
	}()
	return out
}

func ownVersion() string {
	if version != "" {
		return version
	}
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		return build.Main.Version
	}
	return "(devel)"
}
