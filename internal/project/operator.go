package project

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"dce/internal/diag"
)

// operatorKey is the part of the machine's own file that nobody but its
// operator has a say in.
const operatorKey = "agent"

const (
	defaultEngine = "unix:///var/run/docker.sock"
	defaultLeases = "/run/dce"
)

// operatorFields are allowed in /etc/dce/dce.yaml only.
func operatorFields() []Field {
	return []Field{
		{Path: "agent.allow", Type: TypeStrings, Doc: "Keys that a job may set on this agent, by its own dce.yaml, x-dce, labels or DCE_* variables; a key with others below it stands for " +
			"all of them. What else a job sets is left out, with a warning. Without this key they are: " + strings.Join(defaultAllow(), ", ") + ". Only in /etc/dce/dce.yaml."},
		{Path: "agent.docker_config", Type: TypeString, Doc: "Directory with Docker's config.json, whose registry credentials serve the jobs that bring none of their own. Only in /etc/dce/dce.yaml."},
		{Path: "agent.engine", Type: TypeString, Default: defaultEngine, Doc: "Address of the Docker engine that executors use, whatever a job's environment says. Only in /etc/dce/dce.yaml."},
		{Path: "agent.keep_failed_most", Type: TypeDuration, Default: "24h", Doc: "The longest time for which a failed pod is kept, whatever a job's keep_failed or its containers' labels " +
			"say. The operator's own keep_failed counts where that is longer and this is not set. Only in /etc/dce/dce.yaml."},
		{Path: "agent.leases", Type: TypeString, Default: defaultLeases, Doc: "Directory of the leases by which an executor shows that it lives. It must not outlive a reboot. Only in /etc/dce/dce.yaml."},
		{Path: "agent.metrics", Type: TypeString, Doc: "Where every executor shows what it is at, in Prometheus' text format, in place of what its job says: textfile:DIRECTORY/ keeps a file for " +
			"each executor there, for node_exporter's textfile collector; HOST:PORT serves it at /metrics, and with port 0 each executor takes a free one and logs it. Only in /etc/dce/dce.yaml."},
	}
}

// defaultAllow is what a job may set where the operator has said nothing: what
// its pod is, not what becomes of the agent. Left out are keep_failed, which
// fills disks, and timeouts.engine, which is about the agent's engine.
func defaultAllow() []string {
	return []string{
		"kind", "infra", "plain_port", "ports", "resources", "secrets", "share", "timeouts.launch", "timeouts.stop",
	}
}

// Operator is what the operator of a machine has settled for its executors.
type Operator struct {
	// Allow are the keys that a job may set.
	Allow []string
	// Engine is the Docker engine's address.
	Engine string
	// DockerConfig is the directory of Docker's config.json, empty for none.
	DockerConfig string
	Leases       string
	// KeepFailedMost is the longest time for which a failed pod is kept.
	KeepFailedMost time.Duration
	// Metrics is where executors show what they are at, by MetricsFile or an
	// address; empty leaves it to the job.
	Metrics string
}

// MetricsFile begins a place for metrics that is a file.
const MetricsFile = "textfile:"

// MetricsAddress says what is wrong with a place for metrics that is to be an
// address.
func MetricsAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errNoAddress
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errNoAddress
	}
	return nil
}

var errNoAddress = errors.New("it is neither textfile:PATH nor HOST:PORT")

// defaultKeepMost leaves a working day to look at a pod that has failed at night.
const defaultKeepMost = 24 * time.Hour

// ReadOperator reads the machine's own file, /etc/dce/dce.yaml where path is
// empty; one that is not there settles nothing. Its error carries every problem
// found, and comes with what holds without the file.
func ReadOperator(path string) (Operator, error) {
	if path == "" {
		path = SystemConfig
	}
	c, problems := readConfigFile(path, false)
	problems = append(problems, allowProblems(c.settings)...)
	problems = append(problems, metricsProblems(c.settings)...)
	if err := problems.Err(); err != nil {
		return newOperator(nil), err
	}
	o := newOperator(c.settings)
	o.Leases = absolute(filepath.Dir(path), o.Leases) // clean: labels name leases by such paths, and are compared with it
	if o.DockerConfig != "" {
		o.DockerConfig = absolute(filepath.Dir(path), o.DockerConfig)
	}
	if file, ok := strings.CutPrefix(o.Metrics, MetricsFile); ok && !filepath.IsAbs(file) {
		o.Metrics = MetricsFile + filepath.Dir(path) + "/" + file // a slash at its end counts
	}
	return o, nil
}

func newOperator(top []setting) Operator {
	m := layers{top: top}.merge()
	o := Operator{
		Allow: defaultAllow(), Engine: cmp.Or(get[string](m, "agent.engine"), defaultEngine),
		DockerConfig: get[string](m, "agent.docker_config"), Leases: cmp.Or(get[string](m, "agent.leases"), defaultLeases),
		Metrics: get[string](m, "agent.metrics"),
	}
	o.KeepFailedMost = max(defaultKeepMost, get[time.Duration](m, "keep_failed"))
	if s, ok := m["agent.keep_failed_most"]; ok {
		o.KeepFailedMost = s.value.(time.Duration)
	}
	if s, ok := m["agent.allow"]; ok {
		o.Allow = s.value.([]string)
	}
	return o
}

// allows reports whether a job may set a key.
func (o Operator) allows(path string) bool {
	return slices.ContainsFunc(o.Allow, func(key string) bool { return within(path, key) })
}

func within(path, key string) bool { return path == key || strings.HasPrefix(path, key+".") }

// allowProblems are the entries of agent.allow that no job could set anyway.
func allowProblems(all []setting) diag.List {
	var problems diag.List
	for _, s := range all {
		if s.path != "agent.allow" {
			continue
		}
		for _, key := range s.value.([]string) {
			if slices.ContainsFunc(podFields(), func(f Field) bool { return within(f.Path, key) }) {
				continue
			}
			problems = append(problems, diag.Diagnostic{
				Code: "DCE201", Summary: fmt.Sprintf("agent.allow names %q, which is no key that a pod has", key),
				Hint: didYouMean(key, podPaths(), "the keys are"), Pos: s.origin.Pos,
			})
		}
	}
	return problems
}

// metricsProblems are places for metrics that are none.
func metricsProblems(all []setting) diag.List {
	var problems diag.List
	for _, s := range all {
		if s.path != "agent.metrics" {
			continue
		}
		to := s.value.(string)
		if err := MetricsAddress(to); err != nil && !strings.HasPrefix(to, MetricsFile) {
			problems = append(problems, diag.Diagnostic{
				Code: "DCE201", Summary: fmt.Sprintf("agent.metrics is %q: %s", to, err),
				Hint: "such as textfile:/var/lib/node_exporter/ or 127.0.0.1:0", Pos: s.origin.Pos,
			})
		}
	}
	return problems
}

func podPaths() []string {
	var paths []string
	for _, f := range podFields() {
		paths = append(paths, f.Path)
	}
	return paths
}

// notOperators are the settings of a file that belong into the machine's.
func notOperators(all []setting) diag.List {
	var problems diag.List
	for _, s := range all {
		if within(s.path, operatorKey) {
			problems = append(problems, diag.Diagnostic{
				Code: "DCE207", Summary: s.path + " is the operator's to set, not a project's", Pos: s.origin.Pos,
				Hint: "take it out here; the operator of the agents sets it in " + SystemConfig,
			})
		}
	}
	return problems
}

// permitted leaves out what a job may not set on an agent, with a warning for
// each. Elsewhere everything is permitted.
func (s *session) permitted(all []setting) []setting {
	if !s.options.SystemWins {
		return all
	}
	var kept []setting
	for _, one := range all {
		if !slices.Contains(podPaths(), one.path) || s.operator.allows(one.path) {
			kept = append(kept, one)
			continue
		}
		by := ""
		if one.origin.Name != "" {
			by = ", which " + one.origin.Name + " sets,"
		}
		s.add(diag.List{{
			Code: "DCE208", Severity: diag.Warning, Summary: fmt.Sprintf("%s%s is left out: a job may not set it on this agent", one.path, by),
			Hint: "ask the operator of the agents to name it in agent.allow of " + SystemConfig, Pos: one.origin.Pos,
		}})
	}
	return kept
}
