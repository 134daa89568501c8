// Package lease tells whether the process that looks after a pod still lives:
// it holds an exclusive flock on a file of a host directory, and everyone else
// can see whether the lock is free (design.md section 7).
package lease
