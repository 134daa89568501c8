package project

import (
	"slices"
	"strings"
)

// FieldType is what a key of dce.yaml may hold.
type FieldType string

// The types of keys. A path is relative to the file that it stands in; a size
// is a number of MiB or a number with a unit (512M, 2G); a duration is as Go
// writes it (90s, 10m).
const (
	TypeString   FieldType = "string"
	TypeBool     FieldType = "boolean"
	TypeInt      FieldType = "integer"
	TypeNumber   FieldType = "number"
	TypeSize     FieldType = "size"
	TypeDuration FieldType = "duration"
	TypePaths    FieldType = "list of paths"
	TypeStrings  FieldType = "list of strings"
	TypeValues   FieldType = "map of strings"
	TypeAny      FieldType = "map"
)

// Field is one key of dce.yaml: what the strict decoder, the JSON Schema, the
// explanations and the defaults are made from.
type Field struct {
	// Path is the keys to it with dots between; * stands for any name.
	Path string
	Type FieldType
	// Default is the value without any setting, as it would be written; empty is
	// none.
	Default string
	// Doc says what it does, in whole sentences.
	Doc string
	// Enum are the only values allowed; nil allows all of the type.
	Enum []string
	// Env is the environment variable that sets it; empty is none.
	Env string
	// Adds: a list here is added to the lists of weaker layers, in place of
	// replacing them.
	Adds bool
}

// The kinds of pod.
const (
	KindService = "service"
	KindJob     = "job"
)

// How `up --local` chooses host ports.
const (
	PortsAuto   = "auto"
	PortsFixed  = "fixed"
	PortsRandom = "random"
)

// podFields are the settings of a pod: allowed at the top of dce.yaml, in each
// of its environments and under x-dce of a compose file.
func podFields() []Field {
	return []Field{
		{Path: "kind", Type: TypeString, Default: KindService, Enum: []string{KindService, KindJob}, Env: "DCE_KIND", Doc: "What an ending " +
			"container means. A service must not end: when one container ends, the pod has failed. A job is finished when all its containers have exited 0."},
		{Path: "infra.image", Type: TypeString, Env: "DCE_INFRA_IMAGE", Doc: "Image of the container that holds the pod's namespaces. Without it, the one " +
			"built into dce is loaded into the engine: no registry is asked."},
		{Path: "infra.network", Type: TypeString, Env: "DCE_INFRA_NETWORK", Doc: "A network that exists on every host and that the pod joins in place of the " +
			"engine's default bridge."},
		{Path: "share.pid", Type: TypeBool, Default: "false", Env: "DCE_SHARE_PID", Doc: "One process namespace for the pod: its containers see each other's processes."},
		{Path: "share.ipc", Type: TypeBool, Default: "false", Env: "DCE_SHARE_IPC", Doc: "One IPC namespace for the pod: its containers share memory segments and semaphores."},
		{Path: "plain_port", Type: TypeBool, Default: "false", Env: "DCE_PLAIN_PORT", Doc: "Also set PORT and HOST for every service, beside PORT0 and the like. Off by " +
			"default: many servers listen on $PORT, and this is the host's port, not theirs."},
		{Path: "secrets", Type: TypeStrings, Adds: true, Env: "DCE_SECRETS", Doc: "Names of environment keys whose values must not stand in anything rendered. The " +
			"key stays in the rendered file, its value is filled in when the container is created."},
		{Path: "resources.cpus", Type: TypeNumber, Env: "DCE_CPUS", Doc: "CPU cores for the whole pod, such as 0.5. Nothing set means no limit on this machine."},
		{Path: "resources.mem", Type: TypeSize, Env: "DCE_MEM", Doc: "Memory for the whole pod: a number of MiB, or a number with a unit (512M, 2G). Nothing set " +
			"means no limit on this machine."},
		{Path: "resources.disk", Type: TypeSize, Env: "DCE_DISK", Doc: "Disk for the whole pod, as resources.mem is written. Schedulers plan with it; nothing enforces it here."},
		{Path: "timeouts.launch", Type: TypeDuration, Default: "10m", Env: "DCE_TIMEOUTS_LAUNCH", Doc: "How long a pod may take from the start of its first pull until every container runs and is healthy."},
		{Path: "timeouts.engine", Type: TypeDuration, Default: "60s", Env: "DCE_TIMEOUTS_ENGINE", Doc: "How long the Docker engine may be out of reach before the pod counts as failed. A restart of the engine takes seconds."},
		{Path: "timeouts.stop", Type: TypeDuration, Default: "0s", Env: "DCE_TIMEOUTS_STOP", Doc: "How long stopping the whole pod may take before what is left is killed; each service's own stop_grace_period counts within it. 0s sets no bound beside these."},
		{Path: "keep_failed", Type: TypeDuration, Default: "0s", Env: "DCE_KEEP_FAILED", Doc: "How long the containers of a failed pod are kept for inspection. They are stopped in any case. " +
			"Those of a pod of this machine stay until `dce down`, or the next `dce up` of it, however long that is."},
		{Path: "ports", Type: TypeString, Default: PortsAuto, Enum: []string{PortsAuto, PortsFixed, PortsRandom}, Env: "DCE_PORTS", Doc: "Which host ports `dce up --local` " +
			"gives. auto: the file's own where it is free, else a free one; fixed: the file's own or fail; random: free ones. An agent always gives the offer's."},
	}
}

// choiceFields say what a project consists of: allowed at the top of dce.yaml
// and in each environment.
func choiceFields() []Field {
	return []Field{
		{Path: "files", Type: TypePaths, Adds: true, Doc: "Compose files, in order of merging. At the top they replace what dce finds by itself; in an environment they are " +
			"merged over the others."},
		{Path: "env_files", Type: TypePaths, Adds: true, Doc: "Files of KEY=VALUE that interpolation sees. At the top they replace .env; in an environment they are read after the others. A later one wins."},
		{Path: "values", Type: TypeValues, Doc: "Values that interpolation sees. They win over env_files; the process environment wins over them."},
		{Path: "profiles", Type: TypeStrings, Doc: "Compose profiles to enable."},
	}
}

// hookFields are commands around a deploy: allowed at the top of dce.yaml and in
// each environment. No compose file can have them, since it may come from others.
func hookFields() []Field {
	const how = " Each is run by `sh -c` in the project's directory, in their order, and reads what `dce deploy -o json` would print from its stdin."
	return []Field{
		{Path: "hooks.pre_deploy", Type: TypeStrings, Doc: "Commands that `dce deploy` runs on the machine of who deploys, before it changes anything. One that fails stops the deploy." + how},
		{Path: "hooks.post_deploy", Type: TypeStrings, Doc: "Commands that `dce deploy` runs when the release is healthy." + how},
		{Path: "hooks.deploy_failed", Type: TypeStrings, Doc: "Commands that `dce deploy` runs when, after those of pre_deploy, the release could not be sent or did not become healthy: after the way back." + how},
		{Path: "hooks.timeout", Type: TypeDuration, Default: "5m", Doc: "How long each command may take."},
	}
}

// environmentFields are allowed in each environment, and at the top for all of
// them.
func environmentFields() []Field {
	return slices.Concat(choiceFields(), hookFields(), podFields(), deployFields())
}

// topFields are allowed at the top of dce.yaml only.
func topFields() []Field {
	return []Field{
		{Path: "version", Type: TypeInt, Default: "1", Enum: []string{"1"}, Doc: "Version of this file's format."},
		{Path: "name", Type: TypeString, Doc: "Name of the project. -p and COMPOSE_PROJECT_NAME win over it, it wins over `name:` of a compose file."},
	}
}

// allFields are those that dce.yaml has at its top.
func allFields() []Field {
	return slices.Concat(topFields(), environmentFields())
}

// Fields returns every key of dce.yaml, sorted by path.
func Fields() []Field {
	fields := slices.Concat(allFields(), operatorFields())
	for _, f := range environmentFields() {
		f.Path, f.Env, f.Default = "environments.*."+f.Path, "", ""
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Path, b.Path) })
	return fields
}

// PodFields returns the keys that x-dce of a compose file may hold, sorted by
// path.
func PodFields() []Field {
	fields := slices.Concat(podFields(), deployFields())
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Path, b.Path) })
	return fields
}

// keyTree is the fields as a tree of keys.
type keyTree struct {
	field    *Field
	children map[string]*keyTree
}

func newKeyTree(fields []Field) *keyTree {
	root := &keyTree{}
	for i := range fields {
		t := root
		for key := range strings.SplitSeq(fields[i].Path, ".") {
			t = t.child(key)
		}
		t.field = &fields[i]
	}
	return root
}

func (t *keyTree) child(key string) *keyTree {
	if t.children == nil {
		t.children = map[string]*keyTree{}
	}
	if t.children[key] == nil {
		t.children[key] = &keyTree{}
	}
	return t.children[key]
}

// at is the subtree of a key as a file has it.
func (t *keyTree) at(key string) *keyTree {
	if c, ok := t.children[key]; ok {
		return c
	}
	return t.children["*"]
}

func (t *keyTree) keys() []string {
	var keys []string
	for k := range t.children {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
