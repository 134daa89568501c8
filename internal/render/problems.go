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

func nameTaken(host, service string, have []string, by string) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "DCE133",
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
