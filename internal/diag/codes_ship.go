package diag

// shipCodes are the codes DCE700 to DCE749: what is made of a project to be
// deployed.
func shipCodes() []Entry {
	return []Entry{
		{Code: "DCE660", Title: "a secret cannot be had on an agent", Exit: ExitInvalid, Text: `The values of secrets travel with no job. app.secrets of dce.yaml says where each comes from:
marathon:SOURCE lets Marathon put it into the executor's environment, env:NAME is a variable that
the operator gives to executors, file:PATH is a file below /etc/dce/secrets on the agent. This
agent has none there, or the file is larger than 500 KiB or leads out of that directory. The
agent's own variables, MESOS_* and LIBPROCESS_*, are no secrets of a pod.`},
		{Code: "DCE700", Title: "no target to deploy to", Exit: ExitInvalid, Text: `The environment does not say where it is deployed to. Below environments.NAME of
dce.yaml stands a target: its urls are the addresses of the scheduler, its credentials a
reference to what the scheduler wants to see. What all environments share may stand at the
top of the file. A place is never guessed.`},
		{Code: "DCE701", Title: "a file outside of the project cannot travel", Exit: ExitInvalid, Text: `A bundle holds what is below the directory of the first compose file, or of dce.yaml where
that stands above it. A compose file, or something that one refers to, stands elsewhere, or
leads elsewhere by a symbolic link. Put a copy into the project. A bind mount of an absolute
path is another thing: it names the agent's own file, and nothing travels for it.`},
		{Code: "DCE702", Title: "a file cannot be packed", Exit: ExitInvalid, Text: `Everything that the compose files refer to by a path in the project travels with the pod:
included and extended files, env files, configs, bind-mounted files and directories. One of
them is missing, cannot be read, or is a device, socket or pipe. Correct the path, or make
the file readable.`},
		{Code: "DCE703", Title: "a job cannot run on Marathon", Exit: ExitInvalid, Text: `Marathon keeps apps running: a pod that has finished is started again, for ever, each time
a little later. A pod of kind job needs something that runs it once: cron and dce up, or a
scheduler of jobs such as Metronome, Chronos or Aurora. If the pod is meant to stay, set
kind to service.`},
		{Code: "DCE704", Title: "the value of a secret would travel", Exit: ExitInvalid, Text: `A key that is marked as a secret has its value written out in a file of the project, or its
value is found in something that would be sent: a file of the bundle, a value of the environment,
a label. Bundles and labels are read by everyone who may look at the scheduler. Write
${NAME} in the place of the value and say below app.secrets where the value comes from; keep
files that hold secrets out of directories that are mounted.`},
		{Code: "DCE705", Title: "a secret is used where it would be seen", Exit: ExitInvalid, Text: `A variable that holds a secret is used outside of a service's environment: in a command, a
label, the name of an image. Its value would stand in the rendered file, in the process list and in
what the engine answers. In the environment of a service its value is filled in when the
container is created, and stands nowhere else. Where a secret key is made of several variables and
none of them is named as a secret, a deploy takes each for one: name the one that is below
secrets, and the others may be used anywhere.`},
		{Code: "DCE706", Title: "a file of a secret never travels", Exit: ExitInvalid, Text: `A service uses a compose secret that is a file of the project. Such files are left out of every
bundle. Say below app.secrets where the secret comes from on the cluster: file:PATH for a file that
the operator has put below /etc/dce/secrets on the agents, marathon:SOURCE for one of Marathon's
secrets, env:NAME for a variable of the executor. The service finds it under /run/secrets all the same.`},
		{Code: "DCE707", Title: "a source of a secret cannot be understood", Exit: ExitInvalid, Text: `Below app.secrets stands for each secret where it comes from on the cluster: marathon:SOURCE,
which Marathon's secrets plugin resolves; env:NAME, a variable of the executor's environment,
which the operator sets; file:PATH, a file below /etc/dce/secrets on the agent. The value itself
stands nowhere.`},
		{Code: "DCE708", Title: "a secret is left to the agents", Exit: ExitDone, Text: `A key that is marked as a secret has a value here, but values of secrets do not travel, and
app.secrets does not say where it comes from. The executor takes it from its own environment
if the operator has put it there; else the service runs without it. Say where it comes from, or
take no notice if the agents have it.`},
		{Code: "DCE709", Title: "the pod's memory is below its services'", Exit: ExitInvalid, Text: `resources.mem is the memory of the whole pod, which the scheduler finds room for and the agent
enforces. A service has a limit above it, so that the limit could never be reached, or the
services reserve more than that together. Raise resources.mem for this environment, or lower
what the services ask for. Limits that come to more than the pod's memory only in sum are allowed.`},
		{Code: "DCE710", Title: "the bundle is too large", Exit: ExitInvalid, Text: `The pod's files are packed into a bundle, which travels in a label of the job up to
target.artifacts.inline. A larger one is uploaded to target.artifacts.url by HTTP PUT, and the
Mesos fetcher brings it to the agents. There are bounds for that too: 64 MiB compressed,
256 MiB and 10000 files in all, and, since executors unpack nothing that grows beyond it, 4 MiB more
than 200 times the compressed size, as only files of zeros and the like do. The message names the largest files. Programs and data
belong into images; a directory that is mounted for development belongs into
compose.override.yaml, which is part of no environment.`},
		{Code: "DCE711", Title: "a path that no bundle may hold", Exit: ExitInvalid, Text: `Paths in a bundle are plain and relative, with at most 512 bytes, and stay below it. What is
unpacked on an agent is held to the same. Rename the file, or leave it out of what the
compose files refer to.`},
		{Code: "DCE712", Title: "the bundle of a job cannot be taken apart", Exit: ExitInvalid, Text: `A job says by its labels that it brings a bundle, but that is damaged, of a format that this
dce does not know, larger than bundles may become, or holds what none may: a link, a device,
a path that leads elsewhere. Bundles are made by dce deploy; a label that was edited by hand, or
cut off by something on the way, is none. Deploy again. Where the format is a newer one,
the agents need the newer dce.`},
		{Code: "DCE713", Title: "the bundle is not the one that was deployed", Exit: ExitInvalid, Text: `The digest of the bundle that the agent has is another than the job says. Where bundles are
fetched, the file at the artifact URL was replaced or cut off, or the agents' fetcher cache
holds an older one. Deploy again: a bundle's name holds its digest, so that each has a file
of its own.`},
		{Code: "DCE714", Title: "no memory is set for the pod", Exit: ExitDone, Text: `resources.mem says how much memory the scheduler finds for the whole pod; the agent kills what
takes more. Nothing is set for this environment, and not every service has a limit of its own
whose sum could be taken, so the pod gets Marathon's default of 128 MiB. Set resources.mem.`},
		{Code: "DCE715", Title: "an address that is none", Exit: ExitInvalid, Text: `target.urls and target.artifacts.url are addresses of servers: http:// or https://, a name and
perhaps a port. A user's name or a password in one is refused, since addresses are shown and
logged: target.credentials and target.artifacts.credentials say where these come from. The same
holds for what agents fetch (target.artifacts.fetch_url, target.executor.uris, app.fetch, and
fetch of the marathon block), which stands in the app: let agents fetch it where they need no
password.`},
		{Code: "DCE720", Title: "an id that Marathon refuses", Exit: ExitInvalid, Text: `The id of an app on Marathon is a path such as /shop/web: lower-case letters, digits and
dashes between slashes, with a letter or a digit at both ends. Without app.id it is made of the
names of project and environment. Set app.id in dce.yaml.`},
		{Code: "DCE721", Title: "a path that no executor may have", Exit: ExitInvalid, Text: `target.executor.path is the executor as the agent finds it: ./dce for one that the fetcher
has put into the sandbox, or an absolute path for one that is installed on every agent. Marathon
writes it into a shell line between single quotes.`},
		{Code: "DCE722", Title: "a constraint cannot be understood", Exit: ExitInvalid, Text: `A constraint says where the pods of an app may run. It is written FIELD:OPERATOR or
FIELD:OPERATOR:VALUE, where the field is hostname or an attribute of the agents and the operator
one of UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER and IS.`},
		{Code: "DCE723", Title: "a part of the instances is above 1", Exit: ExitInvalid, Text: `app.upgrade.min_healthy and app.upgrade.max_over are parts of the instances: 0 is none of
them, 1 is all. With 4 instances, min_healthy 0.5 keeps two of them healthy during an update.`},
		{Code: "DCE724", Title: "a port that Marathon cannot give", Exit: ExitInvalid, Text: `Marathon gives host ports for tcp and udp. A port of the pod is published for another
protocol, such as sctp. Remove it, or reach it within the pod only.`},
		{Code: "DCE725", Title: "cmd is too short for Marathon", Exit: ExitInvalid, Text: `For an app with an executor, cmd is the executor's argument string, and Marathon refuses one
of less than two characters. dce sets it to "executor"; the marathon block has replaced it.`},
		{Code: "DCE726", Title: "ports of the pod have no definition", Exit: ExitInvalid, Text: `Each published port of the pod needs a host port from Marathon, which comes from a port
definition of the app. The marathon block has replaced portDefinitions by fewer, or has set
networks to something where host ports are not given. Remove that from the block: dce makes
the definitions from the compose files. The network that the pod's own containers join is
another thing, and set by infra.network.`},
		{Code: "DCE727", Title: "the marathon block cannot be merged", Exit: ExitInvalid, Text: `The marathon block of dce.yaml is merged into the app that dce has made. A key in it has a
value of another type than Marathon's app definition gives it, or is one with which Marathon
cannot start an executor (args, container), or the older name of a key that is set already
(ports, uris, ipAddress), or is Marathon's to set (version).`},
		{Code: "DCE728", Title: "a key of Marathon's apps that dce does not know", Exit: ExitDone, Text: `The marathon block holds a key that the app definition of Marathon 1.10 does not have. It is
passed on as it is: a newer Marathon may know it, and an older one refuses or ignores it.
Check its name.`},
		{Code: "DCE730", Title: "an image is not in its registry", Exit: ExitInvalid, Text: `Before anything changes, the registries are asked for the images of the pod with the credentials of
Docker's own configuration. One of them has not got an image: it was not pushed, or its name or
tag is mistyped. Where images do not come from registries, as with a devcluster on this machine,
set app.images to trust.`},
		{Code: "DCE731", Title: "the digest of an image cannot be had", Exit: ExitUnreachable, Text: `Images were to be locked to their digests, by --lock-image-digests or app.images: lock, and a
registry did not answer, or refuses without credentials. Log in with docker login, or look whether
the registry can be reached from here.`},
		{Code: "DCE732", Title: "an image cannot be checked", Exit: ExitDone, Text: `The registry of an image does not answer from here, or wants credentials that Docker's own
configuration does not hold. The deploy goes on: the agents may reach it. If they do not, the
instances fail with the reason. Set app.images to trust where registries are not to be asked.`},
	}
}
