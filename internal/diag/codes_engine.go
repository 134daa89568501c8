package diag

// engineCodes are the codes 3xx: the Docker engine and images.
func engineCodes() []Entry {
	return []Entry{
		{Code: "DCE301", Title: "No Docker engine answers", Exit: ExitUnreachable, Text: `dce talks to the Docker engine through its API and nothing answered at that address. The engine is not running, or it listens somewhere else.

Start it (on Linux usually sudo systemctl start docker, else sudo dockerd), or say where it is: DOCKER_HOST=unix:///path/docker.sock or tcp://host:port, or choose a context with docker context use.`},
		{Code: "DCE302", Title: "No permission to talk to the Docker engine", Exit: ExitUnreachable, Text: `The engine's socket exists, but this user may not write to it. By default it belongs to root and the group docker.

Run dce as root, or add the user to the group (sudo usermod -aG docker USER) and log in again. Whoever can write to the socket is as mighty as root on that machine.`},
		{Code: "DCE303", Title: "The Docker engine is too old", Exit: ExitUnreachable, Text: `dce speaks versions 1.40 and later of the engine's API. Docker Engine 19.03 was the first to have 1.40.

Update the Docker engine. docker version prints the API version of client and server.`},
		{Code: "DCE304", Title: "The connection to the Docker engine was lost midway", Exit: ExitUnreachable, Text: `A call was under way when the engine closed the connection: it was stopped, restarted, or crashed. Part of the work may have been done.

Look at the engine's log (journalctl -u docker), then run the same command again: what is there already is used or replaced. A running pod's monitor reconnects by itself.`},
		{Code: "DCE305", Title: "The Docker engine did not answer in time", Exit: ExitUnreachable, Text: `The engine accepted a call and did not answer within its time limit. It hangs, waits for a slow disk, or has far too much to do.

docker info shows whether it answers at all; its log (journalctl -u docker) often says what it waits for. If it stays so, restart it: with live-restore enabled the containers go on running.`},
		{Code: "DCE310", Title: "Image not found", Exit: ExitFailed, Text: `Neither the engine nor the registry has an image of this name and tag, or not for this machine's architecture.

Check the spelling of image: in the compose file, and that the tag was pushed. An image that is built from the compose file's own build: section is made by dce up --local --build. Some registries answer "not found" for images that one must log in for.`},
		{Code: "DCE311", Title: "Image missing and not to be pulled", Exit: ExitFailed, Text: `The pull policy is never (from --pull never or pull_policy: never), and the engine does not have the image.

Pull or load the image beforehand (docker pull, docker load), or use --pull missing.`},
		{Code: "DCE312", Title: "The registry refuses the pull", Exit: ExitFailed, Text: `The registry wants credentials, or those it got may not read this image. Many registries say this for images that do not exist, too.

Log in with docker login REGISTRY, as the user that dce runs as: credentials are read from that user's Docker configuration (~/.docker/config.json, or the directory in DOCKER_CONFIG). An executor on an agent has no home directory; its configuration names the directory.`},
		{Code: "DCE313", Title: "The registry allows no more pulls for now", Exit: ExitFailed, Text: `The registry limits how many pulls one account or address may make in a time, and that number is reached.

Log in (limits are higher then), wait, or pull through a mirror. Images that are on the engine already are not asked for with --pull missing, which is the default.`},
		{Code: "DCE314", Title: "The registry cannot be reached", Exit: ExitFailed, Text: `The engine tried to pull the image and got no proper answer: the name does not resolve, nothing listens, or the registry answered with an error of its own.

The connection is made by the engine, from its machine and with its proxy settings, not by dce. Try docker pull IMAGE there.`},
		{Code: "DCE315", Title: "The registry is not trusted", Exit: ExitFailed, Text: `The engine reached the registry, but not over a connection that it trusts: the certificate is of an authority that the engine's machine does not know, has another name or has expired, or the registry speaks no TLS at all.

Put the authority's certificate into /etc/docker/certs.d/REGISTRY[:PORT]/ca.crt on the engine's machine; it is read at the next pull. A registry without TLS must be named in insecure-registries of /etc/docker/daemon.json, which takes a reload of the engine; only registries on 127.0.0.0/8 need no entry.`},
		{Code: "DCE316", Title: "Not an image name", Exit: ExitInvalid, Text: `An image is named [REGISTRY[:PORT]/]PATH[:TAG][@DIGEST], in lower case. The engine could not read this one, so nothing was pulled.

Correct image: in the compose file. A variable that is empty often leaves a stray colon or slash.`},
		{Code: "DCE317", Title: "Building an image failed", Exit: ExitFailed, Text: `A step of the Dockerfile failed, or the build context could not be read. The message shows what the builder said last, and the key of the compose file that asks for the build.

dce builds with the engine's classic builder: instructions that only BuildKit knows (RUN --mount, COPY --link, heredocs) are errors for it.`},
		{Code: "DCE318", Title: "The classic builder cannot do this", Exit: ExitInvalid, Text: `dce up --local --build uses the builder that every Docker engine has, without plugins. It has no inline Dockerfiles, secrets, ssh, additional contexts, privileged mode, or several platforms, and it ignores some of these without a word, so that the wrong image would be built; dce refuses instead.

Build the image with docker buildx build and name it with image:, or take the key out of the build section.`},
		{Code: "DCE320", Title: "A host port is taken", Exit: ExitRefused, Text: `The engine could not publish a port, since something on this machine listens on it already: another pod, another container, or a program.

ss -lntup shows who has it. dce up --local --ports auto (the default) takes a free port where the wanted one is taken and says so; --ports fixed insists, and fails with this. On an agent ports come from the task's offer; a taken one there is used by something that Mesos does not know of.`},
		{Code: "DCE321", Title: "The engine's disk is full", Exit: ExitFailed, Text: `The engine could not write an image layer, a container or a volume.

docker system df shows what takes the room below the engine's data root (docker info prints it as Docker Root Dir). docker image prune removes images that nothing uses, docker volume prune volumes that nothing uses: look before you let go of data.`},
		{Code: "DCE322", Title: "A container of that name exists", Exit: ExitRefused, Text: `Container names are unique on an engine, and a container that is not of this pod has the one that is needed. dce gives names that hold the pod's id, so this is mostly a container that was left behind by something else.

docker ps -a --filter name=NAME shows it. Remove it (docker rm -f NAME), or change container_name.`},
		{Code: "DCE323", Title: "No address range left for a network", Exit: ExitFailed, Text: `Each bridge network takes a range of addresses from the engine's pools, and the default pools hold about thirty. A pod needs no network of its own unless its compose file declares one with a driver, ipam or options.

Remove networks that nothing uses (docker network prune), give the engine larger pools (default-address-pools in /etc/docker/daemon.json), or do without the declared network: all services of a pod share one network namespace anyway.`},
		{Code: "DCE324", Title: "The engine cannot use the pod's cgroup", Exit: ExitFailed, Text: `Containers are put below the pod's parent cgroup, and the engine could not make theirs there: the parent is missing in a hierarchy, was frozen or removed, or the engine uses the systemd driver and wants a slice.

docker info shows the cgroup driver and version. On a Mesos agent the driver must be cgroupfs.`},
		{Code: "DCE325", Title: "An external volume does not exist", Exit: ExitFailed, Text: `The compose file marks a volume as external: something else makes it and keeps it. The engine does not have it, so nothing was started.

Make it with docker volume create NAME, correct the name, or take external: true away so that the pod makes and owns the volume.`},
		{Code: "DCE326", Title: "An external network does not exist", Exit: ExitFailed, Text: `The compose file, or the setting infra_network, names a network that something else makes. The engine does not have it, so nothing was started.

Make it with docker network create NAME, correct the name, or take external: true away.`},
		{Code: "DCE327", Title: "A volume or network is another pod's", Exit: ExitRefused, Text: `The engine has a volume or a network of the name that this pod would give its own, and it carries the label of another pod. Names are made of the task's id and of the key in the compose file, joined by an underscore: the volume 1_data of a task web and the volume data of a task web.1 are both web_1_data. The pod would read the other's data, so nothing was started.

Give the volume or network another key. docker volume inspect NAME (docker network inspect NAME) shows whose it is; if the executor of that pod is gone, dce reap removes it.`},
		{Code: "DCE330", Title: "A dependency failed", Exit: ExitFailed, Text: `A service waits with depends_on for another to be healthy or to complete, and that one ended or became unhealthy instead. The waiting service was not started, and the pod is taken down.

The last log lines of the dependency and the output of its healthcheck are shown with the message. A healthcheck that needs longer gets it with start_period, interval and retries.`},
		{Code: "DCE331", Title: "A dependency has no healthcheck", Exit: ExitInvalid, Text: `depends_on asks for condition: service_healthy of a service that has no healthcheck, neither in the compose file nor in its image. It can never become healthy.

Add a healthcheck to that service, or use condition: service_started.`},
		{Code: "DCE332", Title: "A container cannot be stopped", Exit: ExitFailed, Text: `The engine killed the container's processes, and they did not end. A process that is frozen by its cgroup or waits inside the kernel for a disk or network file system cannot end.

Look at the processes with docker top NAME and at their state with ps. A frozen cgroup (v1) is thawed with echo THAWED > /sys/fs/cgroup/freezer/PATH/freezer.state. Then run dce down again.`},
		{Code: "DCE333", Title: "Something of the pod is left", Exit: ExitFailed, Text: `The pod is stopped, but a container, network or volume of it could not be removed, most often because something else uses it.

The message names what is left. Stop whatever uses it and run dce down again; removing is safe to repeat.`},
		{Code: "DCE334", Title: "No such pod", Exit: ExitFailed, Text: `No container on this engine carries this pod's label.

dce ls lists the pods of this machine. A pod that has ended and was removed is not listed any more.`},
		{Code: "DCE335", Title: "The engine is on another machine", Exit: ExitRefused, Text: `dce reap judges pods by the processes that look after them: by locks that they hold and by their process ids. Both can be seen on their own machine only, so nothing is removed through an engine elsewhere: a remote one, one in a virtual machine, or one in a container with a host name of its own.

Run dce reap on the machine that the engine runs on, as the user whose engine it is, root on most agents.`},
		{Code: "DCE349", Title: "The Docker engine refused", Exit: ExitFailed, Text: `The engine refused a call for a reason that dce has no advice for. Its own words are in the message.

Run again with --debug to see the whole answer. The engine's log (journalctl -u docker) often has more.`},
	}
}
