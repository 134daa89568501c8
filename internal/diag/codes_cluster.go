package diag

// clusterCodes are the codes 750 to 779: a deployment and its cluster.
func clusterCodes() []Entry {
	return []Entry{
		{
			Code: "DCE750", Title: "Marathon cannot be reached", Exit: ExitUnreachable,
			Text: "None of the addresses in target.urls of the environment answered: nobody listens there, the name does not resolve, a firewall is " +
				"in between, or the server's certificate is not trusted (target.ca names the authority that signed it). The detail says what each " +
				"address came to. Nothing was changed. `dce devcluster start` gives a Marathon on this machine to try with.",
		},
		{
			Code: "DCE751", Title: "Marathon does not let you in", Exit: ExitUnreachable,
			Text: "Marathon answered 401 or 403. Set target.credentials of the environment: `basic` for user:password, `token` for DC/OS, each as a " +
				"reference (env:NAME, file:PATH, keyring:NAME). Credentials are sent to the hosts of target.urls only: when a master sends on to a " +
				"leader on another host, add that host's URL too. With 403 the user is known and has not the right.",
		},
		{
			Code: "DCE752", Title: "not a Marathon", Exit: ExitUnreachable,
			Text: "Something answers at target.urls, and not as a Marathon does: a login page, a proxy, another service. The detail shows how the " +
				"answer begins. The URL is Marathon's own address without /v2, such as http://marathon.example:8080; on DC/OS it is " +
				"https://MASTER/service/marathon.",
		},
		{
			Code: "DCE753", Title: "Marathon refuses the app", Exit: ExitInvalid,
			Text: "Marathon has checked the app and found something that it does not take. Nothing was changed. Each problem stands at the setting of " +
				"dce.yaml, or the part of the compose file, that it comes from. `dce diff -o json` shows the whole plan; what stands under `marathon:` " +
				"is passed on as it is.",
		},
		{
			Code: "DCE754", Title: "locked by another deployment", Exit: ExitRefused,
			Text: "Marathon carries out one deployment of an app at a time, and another one is going on. The detail says which, since when, and who " +
				"deployed. Wait for it with --lock-wait, or replace it with --force: the instances that it has started are then replaced again. A " +
				"deployment never ends by itself when its instances keep failing.",
		},
		{
			Code: "DCE755", Title: "changed since", Exit: ExitRefused,
			Text: "The app is not at the version that the plan was made over: somebody has deployed, scaled or rolled back meanwhile, and what would be " +
				"changed is no longer what was reviewed. Look at `dce history` and at the new plan with `dce diff`, and deploy that.",
		},
		{
			Code: "DCE756", Title: "app or version that does not exist", Exit: ExitFailed,
			Text: "The environment's app is not on the cluster, or has no such version: Marathon keeps a limited number of them. `dce history` lists " +
				"those that are there, `dce deploy` creates the app. The id of the app is app.id of the environment, or /PROJECT/ENVIRONMENT.",
		},
		{
			Code: "DCE757", Title: "lost answer", Exit: ExitUnreachable,
			Text: "A change was sent, and the connection broke before Marathon answered. dce has looked whether the change was done: a change is never " +
				"repeated blindly. Where that could be found out, the text says what came of it. Look with `dce status` before you try again.",
		},
		{
			Code: "DCE758", Title: "credential that is not there", Exit: ExitUnreachable,
			Text: "Settings hold references to credentials, never the values: env:NAME is a variable of dce's environment, file:PATH a file with nothing " +
				"else in it, keyring:NAME an entry of the system's keyring for the service dce. This one leads nowhere, or to an empty value.",
		},
		{
			Code: "DCE759", Title: "certificate that cannot be used", Exit: ExitInvalid,
			Text: "target.ca names PEM files of the authorities that signed the certificates of the cluster and of the artifact server. This file cannot be " +
				"read, or holds no certificate in PEM form (it begins with -----BEGIN CERTIFICATE-----).",
		},
		{
			Code: "DCE760", Title: "not healthy", Exit: ExitTimeout,
			Text: "The release was deployed, and its instances failed one after the other, or were not all healthy within --timeout. What is known of each " +
				"is shown: host, reason, last lines. With rollback (the default) the version before is deployed again, with as many instances as ran; a " +
				"first release is stopped. `dce logs --env NAME --failed` shows the logs of the instances that are gone.",
		},
		{
			Code: "DCE761", Title: "deployment cancelled", Exit: ExitFailed,
			Text: "Somebody, or Marathon itself, has ended the deployment before all instances were healthy. What it had started runs on. Look at " +
				"`dce status`, and deploy or roll back.",
		},
		{
			Code: "DCE762", Title: "Marathon cannot answer now", Exit: ExitUnreachable,
			Text: "Marathon, or a proxy before it, answered 502, 503 or 504 for a while: no leader is elected, ZooKeeper is out of reach, or there are too " +
				"many requests. dce has asked all addresses again and again. Nothing was changed. Marathon's log says more.",
		},
		{
			Code: "DCE763", Title: "Marathon refuses a request", Exit: ExitFailed,
			Text: "Marathon answered with an error that dce has no explanation of its own for. Its words are shown. Where it does not know an address, it " +
				"is older than dce expects (1.5 and later), or target.urls leads elsewhere.",
		},
		{
			Code: "DCE764", Title: "sandboxes cannot be read", Exit: ExitUnreachable,
			Text: "The logs of an environment are files in the sandboxes of its tasks, and come from the Mesos agents themselves: Marathon tells where the " +
				"Mesos master is, the master where the agents are. This machine must reach them. On an agent, the logs are below the sandbox in dce-logs.",
		},
		{
			Code: "DCE765", Title: "value that is not declared", Exit: ExitUsage,
			Text: "--set changes a value that the environment declares below `values` in dce.yaml, for one deploy. The one that is given is not among them, " +
				"so that nothing would use it. Declare it with a default, and use it in the compose files as ${NAME}.",
		},
		{
			Code: "DCE766", Title: "the way back did not succeed", Exit: ExitTimeout,
			Text: "A release failed, and the version before was deployed again, but that did not become healthy in its own time either, or could not be " +
				"deployed. Something beside the release is wrong: agents, a registry, a service that both need. `dce status` shows the instances, " +
				"`dce logs --env NAME` what they say.",
		},
		{
			Code: "DCE767", Title: "not confirmed", Exit: ExitUsage,
			Text: "The environment says `confirm: true`, or the command always asks, and nobody could be asked: there is no terminal, CI is set, or " +
				"--no-input was given. Add --yes where the change is wanted. `dce deploy --dry-run` shows it.",
		},
		{
			Code: "DCE768", Title: "nothing to go back to", Exit: ExitFailed,
			Text: "Without a version, `dce rollback` takes the newest one before the current that is another release, had instances, and did not fail. The " +
				"cluster keeps none. `dce history` lists what it has; name a version to go back to it whatever it was.",
		},
		{
			Code: "DCE769", Title: "bundle cannot be uploaded", Exit: ExitUnreachable,
			Text: "A bundle that is too large for a label is put to target.artifacts.url by HTTP PUT before anything is changed on the cluster. The server " +
				"refused it, sent it on to a page where nothing is put, or cannot be reached. It must take PUT for new files below that URL; " +
				"target.artifacts.credentials is sent with it, but to no other host.",
		},
		{
			Code: "DCE770", Title: "external diff does not work", Exit: ExitFailed,
			Text: "The program that DCE_EXTERNAL_DIFF names was not found, or ended with another code than 0 and 1. It gets two paths after its own " +
				"arguments: a text of what runs, and one of what would be deployed. Both are private files that are removed afterwards. Nothing was changed.",
		},
		{
			Code: "DCE771", Title: "a hook stops the deploy", Exit: ExitRefused,
			Text: "A command below hooks.pre_deploy of dce.yaml did not end with 0, was not found, or took longer than hooks.timeout. Nothing was changed on the " +
				"cluster. The detail shows what it wrote last. Commands are run by `sh -c` in the project's directory; `dce deploy --skip-hooks` does without them.",
		},
		{
			Code: "DCE772", Title: "a hook failed after the deploy", Exit: ExitFailed,
			Text: "A command below hooks.post_deploy or hooks.deploy_failed of dce.yaml did not end with 0, was not found, or took longer than hooks.timeout. What was " +
				"deployed stays as it is: run the command again by itself where that is needed. The hooks behind it were not run.",
		},
	}
}
