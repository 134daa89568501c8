package diag

// devclusterCodes are the codes 69x: the stand-in cluster of this machine.
func devclusterCodes() []Entry {
	return []Entry{
		{Code: "DCE690", Title: "The devcluster did not start", Exit: ExitUnreachable, Text: `dce devcluster start runs a stand-in for a cluster in one process on this machine, in the background, and this process could not begin its work: its address is in use, another devcluster of the same user runs, or the state directory cannot be written to. The detail says which.

Give it another address with --addr (127.0.0.1:0 takes a free port); dce devcluster status shows one that runs, dce devcluster stop ends it. What it said last is in devcluster.log, in the directory dce/devcluster of the user's state directory.`},
		{Code: "DCE691", Title: "The devcluster did not end in time", Exit: ExitTimeout, Text: `The cluster was told to end, and first ends its tasks, each within its own grace period. It was not done within the --timeout of dce devcluster stop, and goes on ending.

dce devcluster stop --now has it kill what is left; its log says what it waits for.`},
		{Code: "DCE692", Title: "No cgroups for the devcluster's executors", Exit: ExitDone, Text: `On an agent an executor and its pod live in a cgroup, which limits what they use together. Making one needs root. A devcluster of another user works as the posix launcher of Mesos does: everything runs, and nothing is limited. The user must be allowed to use the Docker engine.`},
	}
}
