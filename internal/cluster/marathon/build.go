// Package marathon deploys apps to Marathon: the app definition of a pod
// (build.go), and a small client of the API.
package marathon

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	"dce/internal/diag"
)

// Input is all that an app is made of: equal inputs give equal apps. Places of
// problems are found by the path of a setting ("app.id", "resources.cpus").
type Input struct {
	// Project and Environment name the app where ID is empty.
	Project, Environment string
	// Version is that of dce.
	Version string
	ID      string

	Instances int
	// Resources are the whole pod's, Overhead the executor's own beside them.
	Resources, Overhead Resources
	// ExecutorPath is the executor as the agent finds it, ExecutorURIs what is
	// fetched for it.
	ExecutorPath string
	ExecutorURIs []string

	// Ports are the pod's published ports, in the order in which host ports are
	// given to them.
	Ports []Port
	// KillGrace is how long a pod may take to stop.
	KillGrace time.Duration
	Health    *Health // nil: none

	Constraints         []string
	Role                string
	AcceptedRoles       []string
	MinHealthy, MaxOver *float64
	Labels              map[string]string
	Env                 map[string]string
	Fetch               []string
	// SecretEnv are variables of the executor by the source of Marathon's secret
	// that fills them.
	SecretEnv map[string]string
	// Bundle is what the executor makes the pod of.
	Bundle Bundle
	// Images are the references that run, by service.
	Images map[string]string
	// Raw is merged last.
	Raw map[string]any

	// Locate finds where a setting stands; nil: no places are known.
	Locate func(setting string) diag.Pos
}

// Port is one host port that the pod needs.
type Port struct {
	Name      string
	Service   string
	Container uint16
	Protocols []string // "tcp", "udp", sorted
	Pos       diag.Pos
}

// Health is Marathon's question, which the services' healthchecks answer.
type Health struct {
	Grace, Interval, Timeout time.Duration
	Failures                 int
}

// Bundle is how the pod's files travel: inline, or as a file to fetch.
type Bundle struct {
	Inline string // base64
	URI    string
	Digest string
}

// Build makes the app of a pod. All problems come back at once; with an error
// among them the app must not be sent.
func Build(in Input) (App, []diag.Diagnostic) {
	b := &builder{in: in}
	b.identity()
	b.resources()
	b.executor()
	b.bundle()
	b.ports()
	b.health()
	b.placement()
	b.environment()
	b.merge()
	b.label(LabelRole, b.app.Role)
	return b.app, b.problems
}

type builder struct {
	in       Input
	app      App
	problems diag.List
}

func (b *builder) problem(setting string, d diag.Diagnostic) {
	if b.in.Locate != nil && d.Pos.IsZero() {
		d.Pos = b.in.Locate(setting)
	}
	b.problems = append(b.problems, d)
}

func (b *builder) identity() {
	b.app.ID = ID(b.in.ID, b.in.Project, b.in.Environment)
	if !validID(b.app.ID) {
		b.problem("app.id", badID(b.app.ID))
	}
	b.app.Instances = b.in.Instances
	b.app.Labels = map[string]string{}
	maps.Copy(b.app.Labels, b.in.Labels)
	b.label(LabelProject, b.in.Project)
	b.label(LabelEnvironment, b.in.Environment)
	b.label(LabelVersion, b.in.Version)
	b.label(LabelImages, pairs(b.in.Images))
}

// ID is the id of an app: the one that is set, or that of the project and its
// environment.
func ID(set, project, environment string) string {
	if set == "" {
		set = path.Join(segment(project), segment(environment))
	}
	if !strings.HasPrefix(set, "/") {
		set = "/" + set
	}
	return set
}

func segment(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "-")) }

// label sets one of dce's own labels; an empty value sets none.
func (b *builder) label(key, value string) {
	if value == "" {
		return
	}
	if b.app.Labels == nil { // the raw block says null
		b.app.Labels = map[string]string{}
	}
	b.app.Labels[key] = value
}

func (b *builder) resources() {
	b.app.CPUs, b.app.Mem, b.app.Disk = b.in.Resources.CPUs, b.in.Resources.Mem, b.in.Resources.Disk
	if b.in.Overhead != (Resources{}) {
		b.app.ExecutorResources = &b.in.Overhead
	}
	if b.in.KillGrace > 0 {
		seconds := int(math.Ceil(b.in.KillGrace.Seconds()))
		b.app.TaskKillGracePeriodSeconds = &seconds
	}
}

// The executor's argument string: Marathon runs `chmod ug+rx 'EXECUTOR' && exec
// 'EXECUTOR' CMD` (reference/marathon.md A.3.1).
const executorCommand = "executor"

// DefaultExecutor is where dce is expected on an agent that fetches none.
const DefaultExecutor = "/usr/local/bin/dce"

func (b *builder) executor() {
	b.app.Cmd, b.app.Executor = executorCommand, b.in.ExecutorPath
	for i, uri := range b.in.ExecutorURIs {
		archive := isArchive(uri)
		f := Fetch{URI: uri, Executable: i == 0 && !archive, Extract: archive, Cache: true, DestPath: destPath(uri)}
		if archive && f.DestPath != "" {
			f.Cache = false // a cached file is extracted by its name, and that ends with the query (slave/containerizer/fetcher.cpp)
		}
		b.app.Fetch = append(b.app.Fetch, f)
		if i == 0 && b.app.Executor == "" {
			b.app.Executor = "./" + fetchedName(uri)
			if archive {
				b.app.Executor = "./dce"
			}
		}
	}
	b.app.Executor = cmp.Or(b.app.Executor, DefaultExecutor)
	if !validExecutor(b.app.Executor) {
		b.problem("target.executor.path", badExecutor(b.app.Executor))
	}
	for _, uri := range b.in.Fetch {
		b.app.Fetch = append(b.app.Fetch, Fetch{URI: uri, Extract: isArchive(uri), DestPath: destPath(uri)})
	}
}

// fetchedName is the name of a file in the sandbox.
func fetchedName(uri string) string { return path.Base(withoutQuery(uri)) }

// destPath is that name where the Mesos fetcher would give another: it takes what
// is behind the last slash, query and all (Fetcher::basename).
func destPath(uri string) string {
	if withoutQuery(uri) == uri {
		return ""
	}
	return fetchedName(uri)
}

func withoutQuery(uri string) string {
	if i := strings.IndexAny(uri, "?#"); i >= 0 {
		return uri[:i]
	}
	return uri
}

// isArchive: what the Mesos fetcher unpacks (src/launcher/fetcher.cpp).
func isArchive(uri string) bool {
	name := fetchedName(uri)
	return slices.ContainsFunc([]string{".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip"}, func(ext string) bool {
		return strings.HasSuffix(name, ext)
	})
}

func (b *builder) bundle() {
	b.label(LabelBundle, b.in.Bundle.Inline)
	b.label(LabelBundleDigest, b.in.Bundle.Digest)
	if b.in.Bundle.URI != "" {
		b.label(LabelBundleFile, fetchedName(b.in.Bundle.URI))
		b.app.Fetch = append(b.app.Fetch, Fetch{URI: b.in.Bundle.URI, Cache: true})
	}
}

func (b *builder) ports() {
	b.app.PortDefinitions = []PortDefinition{}
	for _, p := range b.in.Ports {
		protocol := strings.Join(slices.Sorted(slices.Values(p.Protocols)), ",")
		switch protocol {
		case "tcp", "udp":
		case "tcp,udp":
			protocol = "udp,tcp" // the only order that Marathon knows
		default:
			b.problem("", badProtocol(p, protocol))
			continue
		}
		b.app.PortDefinitions = append(b.app.PortDefinitions, PortDefinition{Name: p.Name, Protocol: protocol})
	}
}

// health asks for a check that the executor answers by Docker's healthchecks:
// the command itself is never run.
func (b *builder) health() {
	h := b.in.Health
	if h == nil {
		return
	}
	b.label(LabelHealth, "docker")
	b.app.HealthChecks = []HealthCheck{{
		Protocol: "COMMAND", Command: &Command{Value: "true"},
		GracePeriodSeconds: h.Grace.Seconds(), IntervalSeconds: h.Interval.Seconds(), TimeoutSeconds: h.Timeout.Seconds(),
		MaxConsecutiveFailures: h.Failures,
	}}
}

func (b *builder) placement() {
	for _, c := range b.in.Constraints {
		parts := strings.SplitN(c, ":", 3)
		if len(parts) < 2 || !slices.Contains(operators(), strings.ToUpper(parts[1])) {
			b.problem("app.constraints", badConstraint(c))
			continue
		}
		parts[1] = strings.ToUpper(parts[1])
		b.app.Constraints = append(b.app.Constraints, parts)
	}
	b.app.Role, b.app.AcceptedResourceRoles = b.in.Role, b.in.AcceptedRoles
	if b.in.MinHealthy != nil || b.in.MaxOver != nil {
		b.app.UpgradeStrategy = &UpgradeStrategy{MinimumHealthCapacity: b.part("app.upgrade.min_healthy", b.in.MinHealthy), MaximumOverCapacity: b.part("app.upgrade.max_over", b.in.MaxOver)}
	}
}

// part is a part of the instances, from 0 to 1; 1 is Marathon's default.
func (b *builder) part(setting string, v *float64) float64 {
	if v == nil {
		return 1
	}
	if *v > 1 {
		b.problem(setting, badPart(setting, *v))
	}
	return *v
}

func operators() []string {
	return []string{"UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "UNLIKE", "MAX_PER", "IS"}
}

func (b *builder) environment() {
	if len(b.in.Env)+len(b.in.SecretEnv) == 0 {
		return
	}
	b.app.Env = map[string]EnvValue{}
	for key, value := range b.in.Env {
		b.app.Env[key] = EnvValue{Value: value}
	}
	for key, source := range b.in.SecretEnv {
		if b.app.Secrets == nil {
			b.app.Secrets = map[string]Secret{}
		}
		name := strings.ToLower(key)
		b.app.Secrets[name] = Secret{Source: source}
		b.app.Env[key] = EnvValue{Secret: name}
	}
}

// pairs writes a map as key=value,key=value in the order of its keys.
func pairs(m map[string]string) string {
	var all []string
	for key, value := range m {
		all = append(all, fmt.Sprintf("%s=%s", key, value))
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}
