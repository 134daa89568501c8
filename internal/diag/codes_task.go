package diag

// taskCodes are the codes 6xx: tasks and Mesos.
func taskCodes() []Entry {
	return []Entry{
		{
			Code: "DCE600", Title: "not started by a Mesos agent", Exit: ExitUnreachable,
			Text: "`dce executor` is started by a Mesos agent, which sets MESOS_FRAMEWORK_ID, MESOS_EXECUTOR_ID, " +
				"MESOS_SLAVE_PID, MESOS_DIRECTORY and others in its environment. One or more of them are missing. By hand, " +
				"run the pod with `dce up --local` instead: it runs the same pod on this machine. On an agent, look for " +
				"something between the agent and dce that starts dce with an empty environment, such as sudo or env -i " +
				"in the job's command.",
		},
		{
			Code: "DCE601", Title: "a variable of the agent cannot be understood", Exit: ExitUnreachable,
			Text: "A MESOS_* or LIBPROCESS_SSL_* variable in the executor's environment does not have the form that Mesos " +
				"gives it: durations are written \"5secs\" or \"1.5mins\", switches 0, 1, true or false, addresses " +
				"10.0.0.1:5051 and MESOS_SLAVE_PID slave(1)@10.0.0.1:5051. A variable of the job's own environment " +
				"overrides the agent's: remove it there, or correct it.",
		},
		{
			Code: "DCE602", Title: "TLS settings cannot be used", Exit: ExitUnreachable,
			Text: "LIBPROCESS_SSL_ENABLED asks the executor to speak https with its agent, but a certificate that the other " +
				"LIBPROCESS_SSL_* variables name cannot be read or holds no PEM certificate. The files are read on the " +
				"agent's host: CA_FILE and CA_DIR to verify the agent, CERT_FILE and KEY_FILE for an agent that asks its " +
				"clients for a certificate. The variables come from the job or from the agent's " +
				"--executor_environment_variables.",
		},
		{
			Code: "DCE603", Title: "the agent does not let the executor in", Exit: ExitUnreachable,
			Text: "The agent answered the executor's subscription with 401 or 403. An agent with " +
				"--authenticate_http_executors gives each executor a token in MESOS_EXECUTOR_AUTHENTICATION_TOKEN; it must " +
				"reach dce unchanged, so a job must not set that variable itself. A token from before a change of the " +
				"agent's --jwt_secret_key is refused too: the task has to be started again.",
		},
		{
			Code: "DCE604", Title: "the agent refuses the subscription", Exit: ExitUnreachable,
			Text: "The agent answered the executor's subscription with an error that trying again does not change, most " +
				"often \"Framework cannot be found\" or \"Executor cannot be found\": the agent no longer knows this executor, " +
				"because it lost its work directory or was replaced by another one. The executor stops its pods and exits; " +
				"the framework starts the task anew. The agent's log says more.",
		},
		{
			Code: "DCE605", Title: "the agent is gone", Exit: ExitUnreachable,
			Text: "The connection with the agent ended and did not come back. With checkpointing the executor keeps its pods " +
				"running and looks for the agent until MESOS_RECOVERY_TIMEOUT has passed (the agent's --recovery_timeout, " +
				"15 minutes by default). Without it, it stops them at once, because an agent that starts again kills the " +
				"executors it has no record of. Turn checkpointing on in the framework to let tasks outlive a restart of " +
				"the agent (Marathon: --checkpoint, on by default). " +
				"Where the executor never got through at all, the agent may want https: LIBPROCESS_SSL_ENABLED=1 in the " +
				"job's environment asks for it.",
		},
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
		{
			Code: "DCE622", Title: "a task cannot be understood", Exit: ExitInvalid,
			Text: "What the framework sent of the task makes no sense: a range of ports that begins above its end or lies outside " +
				"1-65535, more than 4096 ports, or data that names an Aurora task and cannot be read. The task fails; the message " +
				"says what was wrong. Look at the task in the framework, and at what a proxy or a hook of the master makes of it.",
		},
		{
			Code: "DCE623", Title: "a job sets something to a value that it does not take", Exit: ExitInvalid,
			Text: "Labels whose key holds config. set what dce-go's files config.yaml and general.yaml set, by their keys, and stand above them: durations are written 90s " +
				"or 5m (a bare number is of milliseconds in launchtask.timeout and of seconds in cleanpod.timeout), switches true " +
				"or false. The task fails instead of running with another setting than the job means. Correct it where the message says.",
		},
		{
			Code: "DCE624", Title: "the engine's cgroup driver is systemd", Exit: ExitUnreachable,
			Text: "A pod's containers belong into the cgroup that the agent has made for its task: that is what limits them, and what " +
				"the agent kills when everything else fails. An engine with the cgroup driver systemd takes only slices of systemd " +
				"as parents, so an executor refuses to run pods there. The operator of the agents sets " +
				"\"exec-opts\": [\"native.cgroupdriver=cgroupfs\"] in /etc/docker/daemon.json and restarts the engine.",
		},
		{
			Code: "DCE625", Title: "dce has a defect that a task has met", Exit: ExitFailed,
			Text: "Something in the task or in its files has met a defect of dce. The task fails, other tasks of the same executor go " +
				"on. The stack is in the executor's log, stderr of the sandbox. Report it with that and the job's files.",
		},
		{
			Code: "DCE640", Title: "an orphan could not be removed", Exit: ExitFailed,
			Text: "dce reap has found a pod whose executor is gone and could not stop it or remove all of it. The report says which, and " +
				"what the engine said. Most often a process does not die, since its cgroup is frozen or it waits for a disk, or something " +
				"else uses the pod's network or volume. The pod keeps its labels and its lease: the next sweep tries again, `dce reap` " +
				"by hand as well. The same is said where a cgroup or a lease of a dead executor stays, without a pod.",
		},
		{
			Code: "DCE626", Title: "no lease can be taken", Exit: ExitUnreachable,
			Text: "A living executor holds a lock on a file in /run/dce, so that a sweeper can tell its pods from orphans. The " +
				"directory cannot be made or written. An executor runs on without a lease, known by its boot id, process id and " +
				"start time; from another pid namespace its pods cannot be judged then and are left alone for ever.",
		},
		{
			Code: "DCE627", Title: "a health check is to run in a service that is not there", Exit: ExitInvalid,
			Text: "A health check of the kind COMMAND runs inside one of the pod's services: the one that the label " +
				"dce.health.service names, or the first in the compose files. The label names a service that the pod " +
				"does not have, perhaps because a profile leaves it out. Correct the label or leave it out.",
		},
		{
			Code: "DCE628", Title: "the agent's Docker engine did not answer in time", Exit: ExitUnreachable,
			Text: "An executor that cannot reach its engine tries again for as long as the launch of the task may take " +
				"(timeouts.launch, 270 s by default): a restart of Docker delays a launch, it does not fail it. When that " +
				"time is over the task has failed. Look at the engine of that agent: systemctl status docker, journalctl -u " +
				"docker. Executors look for it where agent.engine of /etc/dce/dce.yaml says, by default at " +
				"/var/run/docker.sock; DOCKER_HOST has no meaning there, since a job could set it.",
		},
		{
			Code: "DCE629", Title: "metrics cannot be shown", Exit: ExitDone,
			Text: "An executor shows its metrics at the address that agent.metrics of /etc/dce/dce.yaml names, or else `dce executor --metrics ADDR`, " +
				"and could not: something else has the address, perhaps the executor of another task, or it is none of this machine. The pod runs " +
				"on without metrics. An address in a job's command may be one that only the agent itself reaches, such as 127.0.0.1:9199, since " +
				"metrics are shown to whoever asks; only the operator may open them to others. Every executor needs an address of its own: the " +
				"operator's can have port 0, for a free one, which the log names. Simpler on agents with many of them is a directory of " +
				"node_exporter's textfile collector: agent.metrics: textfile:DIRECTORY/, or --metrics textfile:PATH.",
		},
	}
}
