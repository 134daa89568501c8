package diag

// taskCodes are the codes 6xx: tasks and Mesos.
func taskCodes() []Entry {
	return []Entry{
		{
			Code: "DCE620", Title: "a job names a file outside of its sandbox", Exit: ExitInvalid,
			Text: "The label fileName of a job lists the compose files of its pod, by their path below the task's sandbox, where the " +
				"Mesos fetcher has put them. An absolute path, or one that leads out of the sandbox with .., is refused: what an " +
				"executor reads on an agent is what the job brought. Name the files as the fetcher unpacks them, such as app/compose.yaml.",
		},
		{
			Code: "DCE621", Title: "a job asks for a plugin that is not there", Exit: ExitInvalid,
			Text: "The label pluginorder of a job written for dce-go lists the plugins that rewrite and watch its pod. The plugin " +
				"general is what dce always does; another one was compiled into somebody's dce-go, and leaving it out would run " +
				"another pod than the job means. Take it out of the label, or ask the operator of the agents.",
		},
	}
}
