package project

// SchedulerMarathon is the scheduler that a pod can be deployed to.
const SchedulerMarathon = "marathon"

// What answers a scheduler's question for the health of a pod.
const (
	HealthDocker = "docker"
	HealthNone   = "none"
)

// What is done about images before a deploy.
const (
	ImagesCheck = "check"
	ImagesLock  = "lock"
	ImagesTrust = "trust"
)

// What a reference to a credential may say; the value itself never stands in a
// file of settings.
const referenceDoc = "env:NAME, file:PATH or keyring:NAME, never the value itself. "

// deployFields are the settings of a pod that is deployed: where to, and what
// the scheduler is told. They are allowed wherever podFields are.
func deployFields() []Field {
	return append(targetFields(), appFields()...)
}

func targetFields() []Field {
	return []Field{
		{Path: "target.scheduler", Type: TypeString, Enum: []string{SchedulerMarathon}, Doc: "The scheduler that the environment is deployed to. `dce deploy` needs it, or the urls of one."},
		{Path: "target.urls", Type: TypeStrings, Doc: "Addresses of the scheduler, such as https://marathon.example:8443: all masters, where there are several. They are tried in order."},
		{Path: "target.credentials.basic", Type: TypeString, Doc: "Where user:password for the scheduler comes from: " + referenceDoc + "Sent as HTTP basic authentication."},
		{Path: "target.credentials.token", Type: TypeString, Doc: "Where a token for the scheduler comes from: " + referenceDoc + "Sent as `Authorization: token=...`, as DC/OS has it."},
		{Path: "target.ca", Type: TypePaths, Doc: "PEM files of the certificate authorities that the scheduler's and the artifact server's certificates are checked with, beside the system's."},
		{Path: "target.artifacts.url", Type: TypeString, Doc: "Directory on an HTTP server that bundles are uploaded to by PUT, where they are too large to travel in a label."},
		{Path: "target.artifacts.fetch_url", Type: TypeString, Doc: "The same directory as agents reach it, where that is another address."},
		{Path: "target.artifacts.credentials.basic", Type: TypeString, Doc: "Where user:password for uploads comes from: " + referenceDoc},
		{Path: "target.artifacts.credentials.token", Type: TypeString, Doc: "Where a token for uploads comes from: " + referenceDoc + "Sent as `Authorization: Bearer ...`."},
		{Path: "target.artifacts.inline", Type: TypeSize, Default: "64K", Doc: "The largest compressed bundle that travels in a label of the job. 0 uploads each. A label is part of what " +
			"a scheduler keeps for every version, and of what a master tells of every task, so it should stay small."},
		{Path: "target.executor.uris", Type: TypeStrings, Doc: "What the Mesos fetcher brings into the sandbox for the executor; the first is dce itself. Without it, dce is " +
			"expected on every agent at target.executor.path."},
		{Path: "target.executor.path", Type: TypeString, Doc: "The executor on an agent: by default the first of target.executor.uris in the sandbox, or /usr/local/bin/dce."},
		{Path: "confirm", Type: TypeBool, Default: "false", Doc: "Commands that change this environment ask first, and need --yes where nobody can be asked."},
		{Path: "rollback", Type: TypeBool, Default: "true", Doc: "A deployment that does not become healthy is rolled back to the version before it."},
		{Path: "deploy.failures", Type: TypeInt, Default: "3", Doc: "After how many failed instances a deployment has failed. One may have met a bad agent; more are the release. 0 waits for deploy.timeout."},
		{Path: "deploy.timeout", Type: TypeDuration, Default: "10m", Doc: "How long a deployment may take until all instances are healthy, where --timeout does not say."},
		{Path: "deploy.rollback_timeout", Type: TypeDuration, Doc: "How long the way back may take. By default as long as deploy.timeout."},
	}
}

func appFields() []Field {
	return []Field{
		{Path: "app.id", Type: TypeString, Doc: "Id of the app in the scheduler, such as /shop/web. By default the project's name with the environment's: /shop/prod."},
		{Path: "app.instances", Type: TypeInt, Default: "1", Doc: "How many pods run."},
		{Path: "app.constraints", Type: TypeStrings, Doc: "Where pods may run, each FIELD:OPERATOR or FIELD:OPERATOR:VALUE, such as hostname:UNIQUE or rack:LIKE:a[1-3]."},
		{Path: "app.role", Type: TypeString, Doc: "The Mesos role whose resources are used."},
		{Path: "app.accepted_roles", Type: TypeStrings, Doc: "The roles of the offers that are taken, such as \"*\" for what is reserved for nobody."},
		{Path: "app.upgrade.min_healthy", Type: TypeNumber, Doc: "The part of the instances, from 0 to 1, that stays healthy while an update goes on. Marathon's default is 1."},
		{Path: "app.upgrade.max_over", Type: TypeNumber, Doc: "The part of the instances, from 0 to 1, that may run beside them while an update goes on. Marathon's default is 1."},
		{Path: "app.health.check", Type: TypeString, Default: HealthDocker, Enum: []string{HealthDocker, HealthNone}, Doc: "What tells the scheduler that a pod is healthy. docker: the services' own " +
			"healthchecks, reported by the executor, so that a deployment waits for them. none: a pod that runs is enough. Other checks go into the marathon block as healthChecks."},
		{Path: "app.health.grace", Type: TypeDuration, Default: "5m", Doc: "How long after its start a pod may be unhealthy without being replaced."},
		{Path: "app.health.interval", Type: TypeDuration, Default: "10s", Doc: "How often the scheduler expects a check."},
		{Path: "app.health.timeout", Type: TypeDuration, Default: "20s", Doc: "How long one check may take."},
		{Path: "app.health.failures", Type: TypeInt, Default: "3", Doc: "After how many failures in a row a pod is replaced."},
		{Path: "app.kill_grace", Type: TypeDuration, Doc: "How long a pod may take to stop before it is killed. By default the sum of the services' own stop_grace_period over the levels of their dependencies, and 5 s."},
		{Path: "app.images", Type: TypeString, Default: ImagesCheck, Enum: []string{ImagesCheck, ImagesLock, ImagesTrust}, Doc: "What a deploy asks registries for. check: that every image is there, before " +
			"anything changes. lock: its digest too, so that every instance runs the same, whatever happens to the tag. trust: nothing, where the agents have the images already."},
		{Path: "app.labels", Type: TypeValues, Doc: "Labels of the app, beside those of dce."},
		{Path: "app.env", Type: TypeValues, Doc: "Environment of the app's executor, which interpolation on the agent sees."},
		{Path: "app.fetch", Type: TypeStrings, Doc: "URIs that the Mesos fetcher brings into the sandbox; archives are unpacked."},
		{Path: "app.secrets", Type: TypeValues, Doc: "Where on the cluster a secret comes from, by the name of a compose secret or of a key in `secrets`: marathon:SOURCE is " +
			"one of the scheduler's secrets, env:NAME a variable of the executor, file:PATH a file on the agent below its secrets directory."},
		{Path: "resources.executor.cpus", Type: TypeNumber, Default: "0.1", Doc: "CPU cores for the executor itself, beside the pod's. Marathon takes 0.1 or more."},
		{Path: "resources.executor.mem", Type: TypeSize, Default: "64M", Doc: "Memory for the executor itself, beside the pod's. Marathon takes 32 MiB or more."},
		{Path: "resources.executor.disk", Type: TypeSize, Default: "10M", Doc: "Disk for the executor itself, beside the pod's. Marathon takes 10 MiB or more."},
		{Path: "marathon", Type: TypeAny, Doc: "Whatever else Marathon's app definition knows, by Marathon's own names. It is merged last and wins; lists replace, but fetch is added to. A key that " +
			"dce does not know is passed on with a warning."},
	}
}
