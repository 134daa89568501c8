// Package cgroup makes and removes the parent cgroup of a pod, in cgroup v1
// (every hierarchy) and v2. Reading /proc/self/cgroup for an executor's own
// cgroup lives here too. It never moves a process.
package cgroup

// Limits are a pod's share of the machine. Zero is no limit.
type Limits struct {
	CPUs  float64 // cores: shares of 1024 each, and a CFS quota
	MemMB float64 // MiB
}
