// Package render turns a merged compose project into the pod that an agent
// runs. It is pure: a project, the task's facts and settings in; the rewritten
// project, its port map, what each rule did and what is wrong with it out. It
// never touches a file, a clock or a socket, and every front (render, local,
// executor) calls it: what it returns is what runs.
package render

import (
	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
)

// Input is all that a rendering depends on: equal inputs give equal bytes.
type Input struct {
	// Project is the merged project: interpolated, profiles applied, paths
	// absolute, not normalised (a normalised one has the project's name baked
	// into its networks and volumes). Render does not change it.
	Project *types.Project
	// Task is what the scheduler, or `up --local` in its place, decided.
	Task Task
	// Settings are the operator's and the job's choices.
	Settings Settings
	// Locate finds where in the input files a value stands, by the path of keys
	// to it ("services", "web", "ports", "0"). Nil: no positions are known.
	Locate func(path ...string) diag.Pos
}

// Settings are the choices that change a rendering. The zero value is the
// default of every one of them.
type Settings struct {
	// InfraImage is the image of the infra container; empty is the built-in one.
	InfraImage string `json:"infra_image,omitempty"`
	// InfraNetwork is a network that must exist, joined by infra in place of the
	// engine's default bridge.
	InfraNetwork string `json:"infra_network,omitempty"`
	// SharePID and ShareIPC collapse these namespaces too.
	SharePID bool `json:"share_pid,omitempty"`
	ShareIPC bool `json:"share_ipc,omitempty"`
	// PlainPort also sets PORT and HOST for every service. Off by default:
	// many servers listen on $PORT, and this is the host's port, not theirs.
	PlainPort bool `json:"plain_port,omitempty"`
	// Secrets are names of environment keys whose values must not appear in
	// anything rendered: the key stays, its value is filled in when the container
	// is created.
	Secrets []string `json:"secrets,omitempty"`
	// Cluster says that the pod leaves this machine: a service with a build
	// section needs an image then.
	Cluster bool `json:"-"`
}

// The fronts that give a task its facts.
const (
	FrontLocal   = "local"
	FrontMesos   = "mesos"
	FrontExample = "example"
)

// Task is what is known of the task that the pod runs as: the facts. The same
// facts give the same pod, on any machine.
type Task struct {
	Front       string `json:"front"`
	ID          string `json:"id"`
	Name        string `json:"name,omitempty"`
	ExecutorID  string `json:"executor_id,omitempty"`
	FrameworkID string `json:"framework_id,omitempty"`
	AgentID     string `json:"agent_id,omitempty"`
	// PodID names the pod on its host: the container id that Mesos gave, or the
	// local pod's name. Labels carry it.
	PodID string `json:"pod_id"`
	// Sandbox is the task's directory as the Docker engine sees it, absolute.
	Sandbox string `json:"sandbox,omitempty"`
	// CgroupParent is the parent cgroup of every container. With CgroupDriver
	// "systemd" it is the name of a slice.
	CgroupParent string `json:"cgroup_parent,omitempty"`
	CgroupDriver string `json:"cgroup_driver,omitempty"`
	// Ports are the host ports offered, in the offer's order.
	Ports []OfferedPort `json:"ports"`
	// Env is what the task's environment gives to services and to interpolation.
	Env map[string]string `json:"env,omitempty"`
	// AgentEnv is what the agent itself has told the executor by its environment.
	// Interpolation sees it, services do not.
	AgentEnv map[string]string `json:"agent_env,omitempty"`
	// Labels are the task's labels, as the framework set them.
	Labels    map[string]string `json:"labels,omitempty"`
	Resources Resources         `json:"resources"`
	// Job: the pod finishes when all but infra have exited 0. Else it is a
	// service, which must not end.
	Job bool `json:"job"`
	// Hash is the hash of the pod's content (see ContentHash), carried as a label
	// so that a second `up` of the same content can be told.
	Hash string `json:"hash,omitempty"`
	// Lease, BootID, PID and StartTime name the process that looks after the pod
	// (design.md section 7): labels carry them, so that anyone can tell an orphan.
	Lease     string `json:"lease,omitempty"`
	BootID    string `json:"boot_id,omitempty"`
	PID       int    `json:"pid,omitempty"`
	StartTime string `json:"start_time,omitempty"`
	// KeepVolumes: the pod's own volumes outlive it, by the wish of its job.
	KeepVolumes bool `json:"keep_volumes,omitempty"`
	// Version is that of the dce which made the task, for a label.
	Version string `json:"version,omitempty"`
	// KeepFailed is for how long the pod is kept when it has failed, as a Go duration,
	// for a label: who removes it then may not be who made it.
	KeepFailed string `json:"keep_failed,omitempty"`
}

// OfferedPort is a port of the host that the pod may use. Name may be empty;
// Protocol is "tcp", "udp" or empty for both.
type OfferedPort struct {
	Name     string `json:"name,omitempty"`
	Number   uint16 `json:"number"`
	Protocol string `json:"protocol,omitempty"`
}

// Resources are the task's allocation. Zero means not known, so no limit.
type Resources struct {
	CPUs  float64 `json:"cpus,omitempty"`   // cores
	MemMB float64 `json:"mem_mb,omitempty"` // MiB
	// DiskMB is shown only, nothing enforces it. MiB.
	DiskMB float64 `json:"disk_mb,omitempty"`
}

// PortMapping is one published port of the pod as it will be.
type PortMapping struct {
	Service       string `json:"service"`
	Name          string `json:"name,omitempty"`
	Protocol      string `json:"protocol"`
	HostIP        string `json:"host_ip,omitempty"`
	ContainerPort uint16 `json:"container_port"`
	HostPort      uint16 `json:"host_port"`
	// Wanted is the host port that the file asks for, zero when it names none.
	Wanted uint16 `json:"wanted,omitempty"`
}

// Change is one thing a rule did: provenance for --explain and --diff.
type Change struct {
	// Rule is the name of the row in Rules that did it.
	Rule string
	// Path leads to the value in the rendered project.
	Path []string
	// Reason says why, for this value, in a few words.
	Reason string
	// From is where the value came from in the input, if it did.
	From diag.Pos
}

// Result is a rendered pod.
type Result struct {
	// Project is ready for the engine: named, labelled, collapsed.
	Project *types.Project
	Ports   []PortMapping
	Changes []Change
	// Diagnostics hold what is wrong; with an error among them Project must not
	// be run.
	Diagnostics diag.List
}

// InfraService is the name of the service that holds the pod's namespaces.
const InfraService = "infra"
