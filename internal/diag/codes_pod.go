package diag

// podCodes are the codes 5xx: a pod's life.
func podCodes() []Entry {
	return []Entry{
		{Code: "DCE500", Title: "A service ended, and the pod with it", Exit: ExitFailed, Text: `A service of the pod ended with an exit code other than zero. A pod is one unit: when a part of it fails, all of it is stopped, as an agent does it too, and the framework starts it anew elsewhere.

The message names the service, its exit code and how long it lived; the last lines that it wrote follow. 126 and 127 mean that its command could not be run, 137 that it was killed, 139 that it crashed.

Look at the service's own log first. With dce up --local --keep its containers are left as they ended; with --abort-on-exit never the others go on.`},
		{Code: "DCE501", Title: "A service was out of memory", Exit: ExitFailed, Text: `The kernel killed a process of the service because a memory limit was reached: the service's own (mem_limit, deploy.resources.limits.memory), or that of the whole pod (--mem, or resources in dce.yaml), which all services share.

Give it more memory, or find out why it needs so much. When the limit is the pod's, the service that was killed need not be the one that uses the most.`},
		{Code: "DCE502", Title: "A service became unhealthy", Exit: ExitFailed, Text: `The service's healthcheck failed as many times in a row as its retries allow. That ends the pod, as the end of the service would. The output of the last check is part of the message.

Run the check by hand in the container (dce up --local --keep, then docker exec). If the service only needs longer to come up, give its healthcheck a start_period.`},
		{Code: "DCE503", Title: "The pod did not run in time", Exit: ExitTimeout, Text: `A pod runs when every container was started and every healthcheck passes. That took longer than --wait allows, or timeouts.launch in dce.yaml, so the pod was taken down. The message names a service that was not ready.

Pulling large images counts, too. Raise the limit, or look at what the service waits for.`},
		{Code: "DCE504", Title: "The Docker engine was out of reach", Exit: ExitUnreachable, Text: `While the pod ran, nothing could be heard of the Docker engine for longer than timeouts.engine in dce.yaml allows. What cannot be watched cannot be vouched for, so the pod counts as failed.

A restart of the engine within that time is no failure. See the engine's own log, and remove what is left of the pod with dce down --local when it is back.`},
		{Code: "DCE505", Title: "The infra container ended", Exit: ExitFailed, Text: `The infra container holds the network namespace that all services of the pod share. When it ends, what still runs has lost its network, although its containers look alive; so the pod is stopped.

It does nothing by itself and does not end by itself: somebody killed it, the engine was stopped, or the memory limit of the pod was so tight that the kernel chose it.`},
		{Code: "DCE506", Title: "Somebody removed a container of the pod", Exit: ExitFailed, Text: `A container of the pod is gone that had not ended: it was removed from outside of dce, with docker rm -f for example. A pod is one unit, so the rest was stopped.

Stop local pods with dce down --local.`},
		{Code: "DCE507", Title: "All services have ended", Exit: ExitFailed, Text: `Every service exited with code 0, and nothing but the infra container is left. For a service pod, which must keep running, that is a failure: a framework would start it again at once.

If the pod is meant to end when its work is done, it is a job: say kind: job in dce.yaml.`},
		{Code: "DCE508", Title: "The pod could not be started", Exit: ExitFailed, Text: `Preparing the pod (checks, pulls, builds) or starting its containers met an error that has no code of its own. The engine's words are part of the message.

Everything that had been made was removed again.`},
		{Code: "DCE509", Title: "Stopping met trouble", Exit: ExitDone, Text: `The pod ended, but something went wrong while its containers were stopped. dce ls shows what is left of it, and dce down --local NAME tries again.`},
		{Code: "DCE510", Title: "The Docker engine stopped the pod", Exit: ExitFailed, Text: `The Docker engine was restarted, and all containers of the pod had ended when it was back. An engine stops its containers when it is stopped, and those that outlived it when it starts again.

Run the pod again. With "live-restore": true in /etc/docker/daemon.json an engine keeps its containers over a restart, and pods go on as if nothing had happened.`},
	}
}
