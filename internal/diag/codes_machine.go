package diag

// machineCodes are the codes 4xx: this machine: ports, cgroups, state.
func machineCodes() []Entry {
	return []Entry{
		{Code: "DCE420", Title: "No place for the state of pods", Exit: ExitUnreachable, Text: `dce keeps a small directory for each local pod: the rendered file, the task's facts, the timeline, and the report of a pod that failed. It is made below XDG_STATE_HOME, or below .local/state in the home directory, and this process has neither.

Set XDG_STATE_HOME to a directory that you may write to.`},
		{Code: "DCE421", Title: "Not a name for a pod", Exit: ExitUsage, Text: `The name given with --name becomes part of the pod's id, of container names and of a directory. It may hold lower-case letters, digits, dots, dashes and underscores, and begins with a letter or a digit.`},
		{Code: "DCE422", Title: "A host port is taken on this machine", Exit: ExitRefused, Text: `With --ports fixed a pod gets exactly the host ports that its compose file publishes, and one of them is in use: by another container, which is named, or by another program.

End what uses it (ss -lntup shows which program that is), publish another port, or use --ports auto, which takes a free one where the file's own is taken and says so. On an agent the host ports always come from the offer.`},
		{Code: "DCE423", Title: "The lease of a pod cannot be taken", Exit: ExitUnreachable, Text: `Whoever looks after a pod holds a lock on a lease file, so that everyone else on the machine can tell a pod that is looked after from one that was left behind. The file could not be made or locked. Everybody may read the file, and so lock it: where the process that the lease notes is gone, such a lock counts for nothing, but one on a lease that notes nobody is respected. fuser -v with the file shows who has it; end that process, and try again.

Leases are in /run/dce for root and in XDG_RUNTIME_DIR/dce for everyone else; DCE_LEASE_DIR names another directory.`},
		{Code: "DCE424", Title: "The monitor of a pod ended unexpectedly", Exit: ExitFailed, Text: `dce up --local -d leaves a monitor in the background, which watches the pod and stops it as an agent would. It ended before the pod ran: it was killed, or it met a defect. Its last words are in monitor.log in the pod's state directory.

dce down --local removes what is left of the pod; a new dce up replaces it.`},
		{Code: "DCE425", Title: "A pod did not end in time", Exit: ExitTimeout, Text: `The process that looks after the pod was asked to stop it, and was not done in time. A service may have a long stop_grace_period, or the engine is slow to answer. The process goes on with it all the same.

dce down --local --timeout 0 kills the pod without any grace. Where that was not enough, the engine itself is slow or hangs: docker ps shows whether it answers, dce ls whether the pod has gone by now.`},
		{Code: "DCE426", Title: "No such pod on this machine", Exit: ExitFailed, Text: `No container carries the label of that pod, and no report of it is left. Without a name, the pod of the compose files in this directory is meant, with the environment that --env names.

dce ls lists all pods of the machine.`},
		{Code: "DCE427", Title: "The pod belongs to something else", Exit: ExitRefused, Text: `The pod was started by a Mesos executor, not by dce up --local. Stopping it from here would look like a failure to its framework, which would start it again.

Stop the task through the framework. dce reap removes the pods whose executor is gone.`},
		{Code: "DCE428", Title: "No such service", Exit: ExitUsage, Text: `A flag or an argument names a service that the pod does not have. Services that belong to a profile exist only with that profile (--profile).`},
		{Code: "DCE429", Title: "The program cannot find itself", Exit: ExitUnreachable, Text: `A pod in the background is looked after by this program, started again. The operating system did not say where its file is: it was removed or replaced while it ran, or /proc is not mounted.

Run the pod attached, without -d, or install the program again.`},
		{Code: "DCE430", Title: "The pod has no limits here", Exit: ExitDone, Text: `On an agent a pod lives in the cgroup of its task, which limits what all of its containers use together. Making one here needs root, an engine on this machine, and a cgroup file system that can be written to. Without, the containers are put below one common parent, and --cpus and --mem limit nothing.`},
		{Code: "DCE431", Title: "A volume is kept as it was made", Exit: ExitDone, Text: `The pod's volumes outlive it, for the next dce up. The compose files now give one of them another driver or other driver_opts, which a volume has from when it is made. Making it anew would lose what is in it, so it is kept and used as it is. Docker Compose asks at this point.

Where the data may go, take the pod down and remove the volume: dce down --local, then docker volume rm with its name. dce down --local -v removes all volumes of the pod. On an agent the volumes of every task are new.`},
	}
}
