//go:build !linux

package engine

import "errors"

var errElsewhere = errors.New("the engine runs in a virtual machine")

// killInContainer can do nothing: containers are processes of Linux only.
func killInContainer(int, string) error { return errElsewhere }
