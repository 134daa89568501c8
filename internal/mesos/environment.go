package mesos

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"dce/internal/diag"
)

// TokenVariable names the environment variable that holds the token an agent
// gives to its executor. Whoever starts the session removes it from the process
// environment, so that no library and no child finds it there.
const TokenVariable = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN"

// Environment is what an agent tells its executor through the environment.
type Environment struct {
	FrameworkID string
	ExecutorID  string
	// AgentID is MESOS_SLAVE_ID, empty when the agent does not say.
	AgentID string
	// Address is the host:port the agent listens on and AgentProcess its
	// libprocess id, such as "slave(1)": the two halves of MESOS_SLAVE_PID.
	Address      string
	AgentProcess string
	// AgentEndpoint is MESOS_AGENT_ENDPOINT, host:port, Address when not set.
	AgentEndpoint string
	// Directory is the sandbox as the host sees it; Sandbox as the executor
	// does. They differ only for an executor with an image of its own.
	Directory string
	Sandbox   string
	// ShutdownGrace is the time between SHUTDOWN and the agent's SIGKILL.
	ShutdownGrace time.Duration
	// Checkpoint says that the executor outlives a restart of its agent. The
	// two below matter only with it: how long to look for the agent before
	// giving up, and the upper bound of the pause between two attempts.
	Checkpoint      bool
	RecoveryTimeout time.Duration
	BackoffMax      time.Duration
	// DomainSocket is the path of the agent's unix socket, empty for TCP.
	DomainSocket string
	TLS          TLS

	token   Secret
	environ []string
}

// The values that a Mesos agent uses when nobody configures another one.
const (
	defaultShutdownGrace   = 5 * time.Second
	defaultRecoveryTimeout = 15 * time.Minute
	defaultBackoffMax      = 2 * time.Second
)

// ParseEnvironment reads what the agent says from an environment in the form
// of os.Environ. All problems come back at once as diagnostics: DCE600 when a
// variable that every agent sets is missing, DCE601 for each value that cannot
// be understood.
func ParseEnvironment(environ []string) (Environment, error) {
	v := variables{values: map[string]string{}}
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			v.values[name] = value
		}
	}
	env := Environment{
		FrameworkID:     v.need("MESOS_FRAMEWORK_ID"),
		ExecutorID:      v.need("MESOS_EXECUTOR_ID"),
		AgentID:         v.values["MESOS_SLAVE_ID"],
		Directory:       v.need("MESOS_DIRECTORY"),
		Sandbox:         v.values["MESOS_SANDBOX"],
		ShutdownGrace:   v.duration("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", defaultShutdownGrace),
		Checkpoint:      v.flag("MESOS_CHECKPOINT"),
		RecoveryTimeout: v.duration("MESOS_RECOVERY_TIMEOUT", defaultRecoveryTimeout),
		BackoffMax:      v.duration("MESOS_SUBSCRIPTION_BACKOFF_MAX", defaultBackoffMax),
		DomainSocket:    v.values["MESOS_DOMAIN_SOCKET"],
		TLS:             v.tls(),
		token:           NewSecret(v.values[TokenVariable]),
		environ:         withoutToken(environ),
	}
	env.AgentProcess, env.Address = v.agent("MESOS_SLAVE_PID")
	env.AgentEndpoint = v.endpoint("MESOS_AGENT_ENDPOINT", env.Address)
	if env.Sandbox == "" {
		env.Sandbox = env.Directory
	}
	if err := v.problemList().Err(); err != nil {
		return Environment{}, err
	}
	return env, nil
}

// Child returns the environment that processes and containers started by the
// executor may see: everything but the token.
func (e Environment) Child() []string { return slices.Clone(e.environ) }

// Told is what the agent has told by the environment, without the token and without
// what the job or the operator has set there.
func (e Environment) Told() map[string]string {
	told := map[string]string{}
	for _, pair := range e.environ {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "MESOS_") || strings.HasPrefix(name, "LIBPROCESS_") {
			told[name] = value
		}
	}
	return told
}

// Authenticated reports whether the agent gave a token.
func (e Environment) Authenticated() bool { return !e.token.IsZero() }

func withoutToken(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(pair string) bool {
		return strings.HasPrefix(pair, TokenVariable+"=")
	})
}

// variables reads typed values and collects what is wrong with them.
type variables struct {
	values   map[string]string
	missing  []string
	problems diag.List
}

func (v *variables) problemList() diag.List {
	if len(v.missing) == 0 {
		return v.problems
	}
	return append(diag.List{notAnExecutor(v.missing)}, v.problems...)
}

func (v *variables) malformed(name, why string) {
	v.problems = append(v.problems, malformedVariable(name, why))
}

func (v *variables) need(name string) string {
	value := v.values[name]
	if value == "" {
		v.missing = append(v.missing, name)
	}
	return value
}

func (v *variables) duration(name string, missing time.Duration) time.Duration {
	if v.values[name] == "" {
		return missing
	}
	d, err := parseDuration(v.values[name])
	if err != nil {
		v.malformed(name, err.Error())
	}
	return d
}

func (v *variables) flag(name string) bool {
	on, known := parseFlag(v.values[name])
	if !known {
		v.malformed(name, fmt.Sprintf("%q is not 0, 1, true or false", v.values[name]))
	}
	return on
}

func parseFlag(s string) (on, known bool) {
	switch s {
	case "1", "true":
		return true, true
	case "", "0", "false":
		return false, true
	default:
		return false, false
	}
}

// agent splits a libprocess address, "slave(1)@10.0.0.1:5051".
func (v *variables) agent(name string) (process, address string) {
	pid := v.need(name)
	if pid == "" {
		return "", ""
	}
	process, address, ok := strings.Cut(pid, "@")
	if !ok || !isProcessID(process) || !isHostPort(address) {
		v.malformed(name, fmt.Sprintf("%q is not of the form slave(1)@10.0.0.1:5051", pid))
		return "", ""
	}
	return process, address
}

func (v *variables) endpoint(name, missing string) string {
	value := v.values[name]
	if value == "" {
		return missing
	}
	if !isHostPort(value) {
		v.malformed(name, fmt.Sprintf("%q is not of the form 10.0.0.1:5051", value))
	}
	return value
}

// isProcessID reports whether the id can stand in a URL's path as it is.
func isProcessID(id string) bool {
	odd := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("()-_", r)
	}
	return id != "" && !strings.ContainsFunc(id, odd)
}

func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" || strings.ContainsAny(host, "/?#@%\\ \t\r\n") {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}
