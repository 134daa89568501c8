package cgroup

// mayWrite is never asked: there are no cgroups.
func mayWrite(string) bool { return false }

func inodeOf(string) (uint64, bool) { return 0, false }
