// Package engine brings a rendered pod up and down on a Docker engine, streams
// its events and logs, and finds pods by their labels. It is the only importer
// of docker/compose and the moby client, and knows nothing of fronts: what it
// is told to run, it runs as it is.
package engine

import (
	"io"
	"log/slog"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/progress"
)

// Options say which engine to talk to and how.
type Options struct {
	// Host is the engine's address; empty is what Docker's own rules say
	// (DOCKER_HOST, the current context, the default socket).
	Host string
	// ConfigDir holds Docker's config.json with registry credentials; empty is
	// the user's.
	ConfigDir string
	// Err takes what the engine's libraries write (build output).
	Err io.Writer
	Log *slog.Logger
	// Memory is a directory in which is kept what the engine has said of itself:
	// that of the leases, where nobody else may write. Empty keeps nothing.
	Memory string
	// CallTimeout bounds each call that asks or changes something; zero is a
	// minute.
	CallTimeout time.Duration
}

// Info is what an engine says of itself.
type Info struct {
	Version       string
	APIVersion    string
	CgroupDriver  string // "cgroupfs" or "systemd"
	CgroupVersion string // "1" or "2"
	Arch          string // GOARCH of its host
	// Local says that the engine shares this machine's kernel and file system, so
	// that cgroups made here hold its containers.
	Local bool
}

// Spec is a rendered pod with the choices of one run.
type Spec struct {
	Project *types.Project
	// PodID selects the pod's things by label.
	PodID string
	// Carry, where it is given, selects the pod's things in place of PodID: they
	// carry all these labels with exactly these values, and none that is empty
	// here. A pod so selected can be stopped and removed.
	Carry map[string]string
	// ProjectName is the compose project's, where Project is not given.
	ProjectName string
	// Pull is "always", "missing" or "never"; empty is missing.
	Pull string
	// PullTries is how often a pull is tried whose registry cannot be reached or
	// hangs up midway; zero is once.
	PullTries uint
	Build     bool
	// RemoveVolumes: Remove takes the pod's own volumes too.
	RemoveVolumes bool
	// StopsAtOnce is how many containers may be stopping at the same time; zero is
	// as many as their order allows.
	StopsAtOnce int
	// Env fills environment keys that the rendered project leaves without a value,
	// by service and key.
	Env map[string]map[string]string
	// Owners are the services that published host ports are for, where another
	// (infra) publishes them: a port that is taken is reported with its owner.
	Owners   map[uint16]string
	Progress progress.Sink
	// CallTimeout bounds each call to the engine; zero is a minute.
	CallTimeout time.Duration
	// Heartbeat is how often Watch asks an engine whose events are silent whether
	// it is there at all; zero is five minutes.
	Heartbeat time.Duration
	// Woken hears that Watch, which sleeps most of the time, has had something to
	// do; nil is nobody.
	Woken func()
}

// LogLine is one line that a container wrote.
type LogLine struct {
	Service   string
	Container string
	Stderr    bool
	Time      time.Time
	Text      string
}

// LogOptions select log lines.
type LogOptions struct {
	Services []string
	Follow   bool
	Since    string
	Tail     string // number of lines or "all"
	// Until, with Follow, goes on also when no container runs, until it is closed
	// and those that run then have ended. Nil: until none runs.
	Until <-chan struct{}
}

// Summary is a pod found on an engine by its labels.
type Summary struct {
	PodID      string
	Project    string
	Labels     map[string]string
	Containers []ContainerSummary
}

// ContainerSummary is one container of a pod found on an engine.
type ContainerSummary struct {
	ID       string
	Name     string
	Service  string
	Image    string
	State    string
	Health   string
	ExitCode int
	Created  time.Time
	Labels   map[string]string
	Ports    []PublishedPort
	// IPs are its own addresses on the engine's networks, by the networks' names;
	// none for one that shares another's network.
	IPs []string
	// CgroupParent as the engine has it.
	CgroupParent string
}

// PublishedPort is one port that a container publishes.
type PublishedPort struct {
	HostIP        string
	HostPort      uint16
	ContainerPort uint16
	Protocol      string
}
