package cgroup

// mayWrite is never asked: there are no cgroups.
func mayWrite(string) bool { return false }
