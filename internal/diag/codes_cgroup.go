package diag

// cgroupCodes are the codes 400 to 419: cgroups of this machine.
func cgroupCodes() []Entry {
	return []Entry{
		{Code: "DCE401", Title: "No memory cgroup of its own", Exit: ExitFailed, Text: `An executor puts its pod's containers into the cgroup that the Mesos agent made for the task, so that the task's limits hold for them. This executor's own cgroup is the root, or one that cannot be named: the agent does not isolate memory by cgroups, or the executor runs in a cgroup namespace, where the root stands for a cgroup that cannot be seen from inside.

Run the agent with --launcher=linux and --isolation=cgroups/cpu,cgroups/mem, and its executors outside a cgroup namespace. cat /proc/PID/cgroup of an executor must show a path on the memory line.`},
	}
}
