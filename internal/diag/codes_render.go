package diag

// renderCodes are those of 1xx that rendering a pod gives: 112, 113 and from
// 130 to 150.
func renderCodes() []Entry {
	return []Entry{
		{
			Code: "DCE112", Title: "one port, two services", Exit: ExitInvalid,
			Text: "Two services of the pod listen on the same container port. In Docker Compose each has a network of its own; in a pod all share one, so the second to start fails with \"address already in use\". Let one of them listen on another port (most images have a setting for it) and publish that one. Where the file only says expose, this is a warning: the key is documentation and may be out of date.",
		},
		{
			Code: "DCE113", Title: "services disagree", Exit: ExitInvalid,
			Text: "Two services give different values to a key that belongs to the network namespace (hostname, domainname, dns, dns_search, dns_opt, extra_hosts, mac_address, sysctls of net.*, addresses on a network). The services of a pod share one network namespace, which is infra's, so there can be only one value. Give both the same value, remove one of them, or give one of the services network_mode: host.",
		},
		{
			Code: "DCE130", Title: "infra is taken", Exit: ExitInvalid,
			Text: "A service is called infra. That is the name of the container that dce adds to a pod: it holds the network namespace and publishes the ports. Give your service another name.",
		},
		{
			Code: "DCE131", Title: "too few ports", Exit: ExitInvalid,
			Text: "The pod publishes more host ports than its task was offered. On an agent each published port takes one port of the offer: ports with a name take the offered port of that name, the others take what is left in order, services by name and a service's ports in file order. The tcp and the udp port of one number share one. Ask the framework for more ports (Marathon: portDefinitions; Aurora: ports in the process) or publish fewer.",
		},
		{
			Code: "DCE132", Title: "ports not published", Exit: ExitDone,
			Text: "A service outside the pod's network (network_mode host, none or container:x) has ports. Docker publishes ports only for containers with a network of their own. With network_mode host the service listens on the host directly, so on an agent it may collide with another task. Remove ports, or remove network_mode so that the service joins the pod.",
		},
		{
			Code: "DCE133", Title: "name goes elsewhere", Exit: ExitInvalid,
			Text: "extra_hosts gives another address to a name that is a service's, an alias or a container's name in the same pod. The services share one /etc/hosts, in which each of those names is 127.0.0.1. Remove the entry or rename one of the two.",
		},
		{
			Code: "DCE134", Title: "hostname is a service", Exit: ExitDone,
			Text: "A service sets its hostname to the name of a service. In a pod that name resolves to 127.0.0.1 for everyone, which is what such a hostname is usually for; as the pod's hostname it would get a second address in /etc/hosts. If no other hostname is set the pod is called NAME-pod. Remove the key, or choose a hostname that is not a service's name.",
		},
		{
			Code: "DCE135", Title: "cgroup_parent replaced", Exit: ExitDone,
			Text: "A service sets cgroup_parent. In a pod every container lives below the task's own cgroup, so that the task's limits hold for all of them together and none outlives it. The value of the file is not used; remove it.",
		},
		{
			Code: "DCE136", Title: "systemd cgroup driver", Exit: ExitUnreachable,
			Text: "The agent's Docker engine uses the systemd cgroup driver. Mesos manages cgroups itself, and a container can be put below its task's cgroup only with the cgroupfs driver. Set \"exec-opts\": [\"native.cgroupdriver=cgroupfs\"] in /etc/docker/daemon.json and restart Docker. On a developer's machine both drivers work.",
		},
		{
			Code: "DCE137", Title: "uts cannot be shared", Exit: ExitDone,
			Text: "A service asks to share the uts namespace (its hostname) with another container. Docker can share uts only with the host. In a pod the services share the hostname through the network namespace's container anyway: set hostname instead.",
		},
		{
			Code: "DCE138", Title: "secret in the open", Exit: ExitDone,
			Text: "An environment key whose name looks like a secret (PASSWORD, TOKEN, SECRET, ...) has its value in the compose file, and so in the rendered file, which stays in the task's sandbox. List the key under secrets in dce.yaml: the rendered file then holds the key without a value, and the value is filled in when the container is created. Or use a compose secret, which is a file.",
		},
		{
			Code: "DCE139", Title: "scaled in one namespace", Exit: ExitInvalid,
			Text: "A service with ports or expose has scale or deploy.replicas above 1. All its containers share the pod's network namespace, so only the first gets the port and the others fail with \"address already in use\". Run one of it in each pod and let the framework run more pods, or remove the ports if it does not listen.",
		},
		{
			Code: "DCE140", Title: "build without image", Exit: ExitInvalid,
			Text: "A service has a build section and no image, and the pod is to run on a cluster. Agents do not build: they pull. Add image: with a name and a tag, build and push it (docker compose build && docker compose push), then deploy. On a developer's machine dce up --local --build does without.",
		},
		{
			Code: "DCE141", Title: "limit above the task's", Exit: ExitDone,
			Text: "A service's memory limit is above what the task was given. The containers of a pod are limited together by the task's cgroup, so the pod is killed by the task's limit before the service's own is reached. Ask the framework for more memory or lower the limit.",
		},
		{
			Code: "DCE142", Title: "image without version", Exit: ExitDone,
			Text: "An image is named without a tag, or by latest. What that name means changes over time, so two agents, or the same one after a restart, may run different programs. Name a tag that is never moved, or a digest.",
		},
		{
			Code: "DCE143", Title: "no effect in a pod", Exit: ExitDone,
			Text: "A key below deploy tells Docker Swarm how to spread or update a service over machines. A pod runs on one; how many pods there are, where, and how they are replaced is the framework's. The key is kept and ignored. Set what you want where the framework is told.",
		},
		{
			Code: "DCE145", Title: "logs thrown away", Exit: ExitDone,
			Text: "A service has logging driver none. Docker then keeps nothing of what it prints: dce logs, the task's sandbox, and the reason of a failure stay empty for it. Remove the key or use driver local or json-file, with a size limit in options.",
		},
		{
			Code: "DCE146", Title: "inline Dockerfile", Exit: ExitInvalid,
			Text: "A build section has dockerfile_inline. dce builds with the engine's classic builder, since it needs no plugin, and that builder ignores the key: where the context has a Dockerfile, that one would be built without a word. Write the text to a file and name it in build.dockerfile.",
		},
		{
			Code: "DCE147", Title: "volume taken for a drive", Exit: ExitInvalid,
			Text: "A volume of one letter in short form, such as n:/data, is read by compose as drive N of Windows: instead of the named volume there is a nameless one, and its data goes with the container; with options behind it (n:/data:ro) it is a directory of the host. Use the long form or a longer name.",
		},
		{
			Code: "DCE148", Title: "shared by pods of one host", Exit: ExitDone,
			Text: "Something in the file is fixed for the whole host: a subnet, an address, a bridge's name, a MAC address, or a directory outside the project that the pod writes to. One pod works; a second one of the same file on the same host fails to start or shares the files with the first. Leave the value to Docker, use a volume, or let the framework place at most one pod on a host.",
		},
		{
			Code: "DCE150", Title: "network of a foreign container", Exit: ExitDone,
			Text: "A service has network_mode: container:NAME. That container is not part of the pod: the pod's names do not lead there, its ports are not published by the pod, and the service fails when that container ends. The mode is kept. Remove it to let the service share the pod's network.",
		},
	}
}
