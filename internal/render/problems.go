package render

import (
	"fmt"
	"strings"

	"dce/internal/diag"
)

// Every diagnostic of this package is made here, so that their words can be
// read together.

func infraTaken(pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE130", Pos: pos,
		Summary: "a service is called " + InfraService,
		Detail:  "The pod's network namespace is held by a container of that name, which dce adds.",
		Hint:    "give the service another name",
	}
}

func tooFewPorts(need, offered int, missing []string, places []diag.Pos) diag.Diagnostic {
	p := diag.Diagnostic{
		Code: "DCE131", Pos: places[0],
		Summary: fmt.Sprintf("the pod publishes %s, the task was offered %s: none is left for %s",
			count(need, "host port"), count(offered, "port"), strings.Join(missing, ", ")),
		Detail: "On an agent a pod may use only the host ports of its task's offer.",
		Hint:   fmt.Sprintf("ask the framework for %s, or publish fewer", count(need, "port")),
	}
	for _, pos := range places[1:] {
		p.Related = append(p.Related, diag.Related{Pos: pos, Note: "this has none either"})
	}
	return p
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func portsOutside(service, mode string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE132", Severity: diag.Warning, Pos: pos,
		Summary: fmt.Sprintf("the ports of %s are not published: its network_mode is %s", service, mode),
		Detail:  "Docker publishes ports only for containers with a network of their own. With network_mode host the service listens on the host itself, on the port that it chooses.",
		Hint:    "remove ports from " + service + ", or its network_mode",
	}
}

func nameTaken(host, service string, have []string, by string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE133", Pos: pos,
		Summary: fmt.Sprintf("extra_hosts of %s sends %s to %s, but it is the name of %s in this pod", by, host, strings.Join(have, ","), service),
		Detail:  "The services of a pod share one /etc/hosts, in which the name of each of them is 127.0.0.1.",
		Hint:    "remove " + host + " from extra_hosts, or rename one of the two",
	}
}

func hostnameDropped(h hostname, instead string) diag.Diagnostic {
	p := diag.Diagnostic{
		Code: "DCE134", Severity: diag.Warning, Pos: h.pos,
		Summary: fmt.Sprintf("hostname %s of %s is the name of a service, so it is not the pod's hostname", h.value, h.service),
		Detail:  "The name resolves to 127.0.0.1 in the pod. As its hostname it would have a second address in /etc/hosts.",
		Hint:    "remove hostname, or choose one that is not a service's name",
	}
	if instead != "" {
		p.Detail += " The pod's hostname is " + instead + "."
	}
	return p
}

func cgroupOverridden(service, own, task string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE135", Severity: diag.Warning, Pos: pos,
		Summary: fmt.Sprintf("cgroup_parent %s of %s is replaced by the task's, %s", own, service, task),
		Detail:  "Every container of a pod lives below the task's cgroup: its limits hold for the whole pod.",
		Hint:    "remove cgroup_parent",
	}
}

func systemdDriver() diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "DCE136",
		Summary: "the Docker engine of this agent uses the systemd cgroup driver",
		Detail:  "Mesos manages cgroups by itself, so a container can be put below its task's cgroup only with the cgroupfs driver.",
		Hint:    `set "exec-opts": ["native.cgroupdriver=cgroupfs"] in /etc/docker/daemon.json of the agent and restart Docker`,
	}
}

func utsShared(service, mode string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE137", Severity: diag.Warning, Pos: pos,
		Summary: fmt.Sprintf("uts: %s of %s is ignored", mode, service),
		Detail:  "Docker cannot share the uts namespace between containers, only with the host.",
		Hint:    "remove uts, or set hostname, which the services of a pod share",
	}
}

func looksLikeSecret(service, key string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE138", Severity: diag.Warning, Pos: pos,
		Summary: fmt.Sprintf("%s of %s looks like a secret and its value is in the rendered file", key, service),
		Detail:  "A rendered file is kept in the task's sandbox and printed by dce render.",
		Hint:    fmt.Sprintf("add %s to secrets in dce.yaml, or use a compose secret (a file)", key),
	}
}

func samePort(port string, first, second listener) diag.Diagnostic {
	p := diag.Diagnostic{
		Code: "DCE112", Pos: second.pos,
		Summary: "port " + port + " of the pod is used by both " + first.service + " and " + second.service,
		Detail:  "The services of a pod share one network namespace, so each port can be used once.",
		Hint:    "let one of them listen on another port, or give it network_mode: host",
		Related: []diag.Related{{Pos: first.pos, Note: "also used here"}},
	}
	if !first.published || !second.published {
		p.Severity = diag.Warning
		p.Detail += " One of the two only says expose, which may be out of date."
		p.Hint = "let one of them listen on another port, or remove an expose that is not true"
	}
	return p
}

func scaled(service string, n int, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE139", Pos: pos,
		Summary: fmt.Sprintf("%d containers of %s would listen on the same port", n, service),
		Detail:  "The containers of a pod share one network namespace, so only the first of them gets the port.",
		Hint:    "run one of it in each pod, and more pods (the framework's instances)",
	}
}

func buildOnly(service string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE140", Pos: pos,
		Summary: service + " has a build section but no image",
		Detail:  "An agent does not build: it pulls the image by its name.",
		Hint:    "add image: NAME:TAG to " + service + ", build it and push it before you deploy",
	}
}

func memoryAboveTask(service string, limit, task float64, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE141", Severity: diag.Warning, Pos: pos,
		Summary: fmt.Sprintf("the memory limit of %s, %.0f MiB, is above the task's, %.0f MiB", service, limit, task),
		Detail:  "The whole pod is limited to the task's memory, so this limit is never reached.",
		Hint:    "ask the framework for more memory, or lower the limit",
	}
}

func unpinned(service, image string, cluster bool, pos diag.Pos) diag.Diagnostic {
	p := diag.Diagnostic{
		Code: "DCE142", Severity: diag.Note, Pos: pos,
		Summary: fmt.Sprintf("image %s of %s has no fixed version", image, service),
		Detail:  "Two agents, or two starts, may run different images under that name.",
		Hint:    "name a tag, or a digest: dce render --lock-image-digests",
	}
	if cluster {
		p.Severity = diag.Warning
	}
	return p
}

func noEffect(service, key string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE143", Severity: diag.Note, Pos: pos,
		Summary: key + " of " + service + " has no effect in a pod",
		Detail:  "It tells Docker Swarm how to spread a service over machines. Of pods, the framework does that.",
		Hint:    "remove it, or set it where the framework is told (dce.yaml)",
	}
}

func providerService(service, kind string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE120", Pos: pos,
		Summary: fmt.Sprintf("%s is run by a provider (%s), which is refused", service, kind),
		Detail:  "A provider is a program on the host that compose starts in place of a container: it would run outside the pod, its cgroup and its end.",
		Hint:    "replace it by a container",
	}
}

func noLogs(service string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE145", Severity: diag.Warning, Pos: pos,
		Summary: "the logs of " + service + " are thrown away",
		Detail:  "With logging driver none neither dce logs nor the task's sandbox shows what it prints, and a failure comes without its last lines.",
		Hint:    "remove logging, or use driver local",
	}
}

func inlineDockerfile(service string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE146", Pos: pos,
		Summary: "dockerfile_inline of " + service + " cannot be built",
		Detail:  "dce builds with the engine's classic builder, which ignores the key and would build the context's Dockerfile, another image.",
		Hint:    "write it to a Dockerfile and name that in build.dockerfile",
	}
}

func oneLetterVolume(service, volume, instead string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE147", Pos: pos,
		Summary: fmt.Sprintf("volume %s of %s is taken for a path of Windows", volume, service),
		Detail:  "A volume name of one letter looks like a drive, so " + instead + ".",
		Hint:    "write it in the long form (type: volume, source, target) or use a longer name",
	}
}

func sharedOnHost(what string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE148", Severity: diag.Warning, Pos: pos,
		Summary: what + " is the same for every pod of this file on a host",
		Detail:  "Two pods on one host collide there, or write to the same files.",
		Hint:    "leave it to Docker or use a volume; else let the framework place one pod on a host",
	}
}

func cyclic(cycle []string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE111", Pos: pos,
		Summary: "services wait for each other: " + strings.Join(cycle, " -> "),
		Detail:  "depends_on, links, volumes_from, and ipc, pid or network_mode of another service all say which starts first.",
		Hint:    "remove one of these references; in a pod a service reaches every other by name without links",
	}
}

func otherContainer(service, container string, pos diag.Pos) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE150", Severity: diag.Warning, Pos: pos,
		Summary: fmt.Sprintf("%s uses the network of container %s, which is not in the pod", service, container),
		Detail:  "It cannot reach the pod's services by name, and it fails when that container is not there or ends.",
		Hint:    "remove network_mode to let it share the pod's network",
	}
}
