package diag

// renderCodes are those of 1xx that rendering a pod gives: 112, 113 and from
// 130 on.
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
			Code: "DCE132", Title: "ports not published", Exit: ExitInvalid,
			Text: "A service outside the pod's network (network_mode host, none or container:x) has ports. Docker publishes ports only for containers with a network of their own. With network_mode host the service listens on the host directly, so on an agent it may collide with another task. Remove ports, or remove network_mode so that the service joins the pod.",
		},
		{
			Code: "DCE133", Title: "name goes elsewhere", Exit: ExitInvalid,
			Text: "extra_hosts gives another address to a name that is a service's, an alias or a container's name in the same pod. The services share one /etc/hosts, in which each of those names is 127.0.0.1. Remove the entry or rename one of the two.",
		},
		{
			Code: "DCE134", Title: "hostname is a service", Exit: ExitInvalid,
			Text: "A service sets its hostname to the name of a service. In a pod that name resolves to 127.0.0.1 for everyone, which is what such a hostname is usually for; as the pod's hostname it would get a second address in /etc/hosts. If no other hostname is set the pod is called NAME-pod. Remove the key, or choose a hostname that is not a service's name.",
		},
		{
			Code: "DCE135", Title: "cgroup_parent replaced", Exit: ExitInvalid,
			Text: "A service sets cgroup_parent. In a pod every container lives below the task's own cgroup, so that the task's limits hold for all of them together and none outlives it. The value of the file is not used; remove it.",
		},
		{
			Code: "DCE136", Title: "systemd cgroup driver", Exit: ExitUnreachable,
			Text: "The agent's Docker engine uses the systemd cgroup driver. Mesos manages cgroups itself, and a container can be put below its task's cgroup only with the cgroupfs driver. Set \"exec-opts\": [\"native.cgroupdriver=cgroupfs\"] in /etc/docker/daemon.json and restart Docker. On a developer's machine both drivers work.",
		},
		{
			Code: "DCE137", Title: "uts cannot be shared", Exit: ExitInvalid,
			Text: "A service asks to share the uts namespace (its hostname) with another container. Docker can share uts only with the host. In a pod the services share the hostname through the network namespace's container anyway: set hostname instead.",
		},
		{
			Code: "DCE138", Title: "secret in the open", Exit: ExitInvalid,
			Text: "An environment key whose name looks like a secret (PASSWORD, TOKEN, SECRET, ...) has its value in the compose file, and so in the rendered file, which stays in the task's sandbox. List the key under secrets in dce.yaml: the rendered file then holds the key without a value, and the value is filled in when the container is created. Or use a compose secret, which is a file.",
		},
	}
}
