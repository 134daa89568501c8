//go:build !linux

package rest

// dropProgram does nothing where pages of the program cannot be given back.
func dropProgram() {}
