package render

// Rule is one row of the table of rewrite rules. `render --explain`, `dce
// explain` and the reference pages read the same rows.
type Rule struct {
	// Name is what Change.Rule and `dce explain RULE` say.
	Name string
	// Touches names the keys that the rule reads or rewrites, as path patterns.
	Touches []string
	// Why is the reason for the rule, one or two sentences.
	Why string

	apply func(*draft)
}

// Rules returns the table, in the order in which Render applies it.
func Rules() []Rule {
	return []Rule{
		{
			Name: "name", Touches: []string{"name"}, apply: nameRule,
			Why: "The compose project is named after the task, so that any number of pods of the same files live on one host.",
		},
		{
			Name: "lifecycle", apply: lifecycleRule,
			Touches: []string{"services.*.restart", "services.*.deploy.restart_policy", "services.*.deploy.replicas", "services.*.scale", "services.*.depends_on"},
			Why:     "The framework restarts a pod as a whole, so no container may restart by itself. What else orders the start of services is written as depends_on.",
		},
		{
			Name: "collapse", Touches: []string{"services.*.network_mode", "services.infra"}, apply: collapseRule,
			Why: "The services of a pod share one network namespace, that of the infra container. Services with network_mode host or none keep it.",
		},
		{
			Name: "networks", Touches: []string{"services.*.networks", "services.infra.networks", "networks.*"}, apply: networksRule,
			Why: "A plain network between the services of one pod means nothing inside one namespace. External networks, and those with a driver, ipam or options, are joined by infra.",
		},
		{
			Name: "infra-keys", apply: infraKeysRule,
			Touches: []string{"services.*.{expose,hostname,domainname,dns,dns_search,dns_opt,extra_hosts,links,external_links,mac_address,sysctls}"},
			Why:     "These keys belong to the network namespace: the engine refuses them, or ignores them, on a container that uses another's. Infra owns the namespace, so it gets them.",
		},
		{
			Name: "names", Touches: []string{"services.infra.extra_hosts"}, apply: namesRule,
			Why: "A compose file says redis:6379. In the pod that is 127.0.0.1, so every name of a service resolves to it.",
		},
		{
			Name: "namespaces", Touches: []string{"services.*.{pid,ipc,uts}"}, apply: namespacesRule,
			Why: "The pid and ipc namespaces are shared through infra when the settings ask for it.",
		},
		{
			Name: "ports", Touches: []string{"services.*.ports", "services.infra.ports"}, apply: portsRule,
			Why: "On an agent a pod may use only the host ports that its task was offered. Infra publishes them, since it owns the network namespace.",
		},
		{
			Name: "unused", Touches: []string{"networks.*", "volumes.*", "secrets.*", "configs.*"}, apply: unusedRule,
			Why: "What no service of the pod uses is not created and not checked.",
		},
		{
			Name: "own-names", Touches: []string{"services.*.container_name", "networks.*.name", "volumes.*.name"}, apply: ownNamesRule,
			Why: "A fixed name can exist once on a host. With the task's name before it, every pod has its own. What is external keeps its name.",
		},
		{
			Name: "cgroup", Touches: []string{"services.*.cgroup_parent"}, apply: cgroupRule,
			Why: "Every container lives below the task's cgroup, so that the task's limits hold for the whole pod and nothing escapes its end.",
		},
		{
			Name: "environment", Touches: []string{"services.*.environment"}, apply: environmentRule,
			Why: "Programs find their ports and their task in the environment. What the file sets is never overridden.",
		},
		{
			Name: "paths", Touches: []string{"services.*.{env_file,label_file,profiles,volumes,build}", "secrets.*.file", "configs.*.file"}, apply: pathsRule,
			Why: "A rendered file stands for itself: what was read from other files is in it, and paths, which are relative to the directory of the first compose file, are those that the agent's engine sees.",
		},
		{
			Name: "secrets", Touches: []string{"services.*.environment", "secrets.*"}, apply: secretsRule,
			Why: "A secret's value never appears in a rendered file: its key stays, the value is filled in when the container is created.",
		},
		{
			Name: "labels", Touches: []string{"services.*.labels", "networks.*.labels", "volumes.*.labels"}, apply: labelsRule,
			Why: "Pods are found by the labels of what they are made of: by dce, by dce-go's tools and by the agents' clean-up.",
		},
		{
			Name: "checks", Touches: []string{"services.*"}, apply: checksRule,
			Why: "What cannot work in a pod, or works differently, is said before anything starts.",
		},
	}
}

// Render applies the table of rules to the project for that task.
func Render(in Input) Result {
	d := newDraft(in)
	for _, r := range Rules() {
		d.rule = r.Name
		r.apply(d)
	}
	return Result{Project: d.p, Ports: d.ports, Changes: d.changes, Diagnostics: d.problems.Sorted()}
}
