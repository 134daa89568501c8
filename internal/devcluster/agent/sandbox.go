package agent

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// runDir is the sandbox of a container, by Mesos' layout.
func (a *Agent) runDir(e *runningExecutor, containerID string) string {
	return filepath.Join(a.opts.WorkDir, "slaves", a.opts.AgentID, "frameworks", e.framework.id(),
		"executors", e.id(), "runs", containerID)
}

// makeSandbox makes a sandbox with empty stdout and stderr, and points runs/latest to it.
func makeSandbox(dir string, owner *syscall.Credential) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making the sandbox: %w", err)
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		return fmt.Errorf("making the sandbox: %w", err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "stdout"), filepath.Join(dir, "stderr")} {
		if path != dir {
			if err := os.WriteFile(path, nil, 0o644); err != nil { //nolint:gosec // 0644 as Mesos
				return fmt.Errorf("making the sandbox: %w", err)
			}
		}
		if err := giveTo(path, owner); err != nil {
			return err
		}
	}

	return pointLatest(dir)
}

// pointLatest replaces the link by renaming, so that a reader finds one at any time.
func pointLatest(dir string) error {
	latest := filepath.Join(filepath.Dir(dir), "latest")
	next := latest + "." + filepath.Base(dir)
	if err := os.Symlink(dir, next); err != nil {
		return fmt.Errorf("linking the latest sandbox: %w", err)
	}
	if err := os.Rename(next, latest); err != nil {
		return fmt.Errorf("linking the latest sandbox: %w", err)
	}

	return nil
}

func giveTo(path string, owner *syscall.Credential) error {
	if owner == nil {
		return nil
	}
	if err := os.Lchown(path, int(owner.Uid), int(owner.Gid)); err != nil {
		return fmt.Errorf("giving the sandbox to its user: %w", err)
	}

	return nil
}

func appendTo(dir, name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644) //nolint:gosec // 0644 as Mesos
	if err != nil {
		return nil, fmt.Errorf("opening %s of the sandbox: %w", name, err)
	}

	return f, nil
}

// credential is the user to run as; nil for the agent's own, and for an agent that is not root.
func (c *container) credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 || c.runAs == "" || c.runAs == "root" {
		return nil, nil //nolint:nilnil // nil is the agent's own user
	}
	u, err := user.Lookup(c.runAs)
	if err != nil {
		return nil, fmt.Errorf("Failed to get UID of user '%s': %w", c.runAs, err) //nolint:staticcheck // the text of Mesos, and why
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("reading the ids of user %s: %w", c.runAs, err)
	}

	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// environment is all that the executor gets: nothing of the agent's own but what Mesos sets.
func (a *Agent) environment(e *runningExecutor, c *container) []string {
	env := map[string]string{
		"LIBPROCESS_IP":                        a.ip,
		"LIBPROCESS_PORT":                      "0",
		"MESOS_AGENT_ENDPOINT":                 a.Endpoint(),
		"MESOS_CHECKPOINT":                     "0",
		"MESOS_DIRECTORY":                      c.dir,
		"MESOS_EXECUTOR_ID":                    e.id(),
		"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": formatDuration(a.graceOf(e)),
		"MESOS_FRAMEWORK_ID":                   e.framework.id(),
		"MESOS_HTTP_COMMAND_EXECUTOR":          "0",
		"MESOS_SANDBOX":                        c.dir,
		"MESOS_SLAVE_ID":                       a.opts.AgentID,
		"MESOS_SLAVE_PID":                      a.PID(),
		"PATH":                                 "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	}
	if e.framework.checkpoints() {
		env["MESOS_CHECKPOINT"] = "1"
		env["MESOS_RECOVERY_TIMEOUT"] = formatDuration(a.opts.RecoveryTimeout)
		env["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = formatDuration(a.opts.ReregistrationTimeout)
	}
	if a.opts.DomainSocket != "" {
		env["MESOS_DOMAIN_SOCKET"] = a.opts.DomainSocket
	}
	if a.opts.JWTSecret != nil {
		env["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] = newToken(a.opts.JWTSecret, claims{c.id, e.id(), e.framework.id()})
	}
	maps.Copy(env, a.opts.ExecutorEnvironment)
	if c.command.Environment != nil {
		for _, v := range c.command.Environment.Variables {
			if v.GetType() != mesos.Environment_Variable_SECRET {
				env[v.Name] = v.GetValue()
			}
		}
	}

	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)

	return list
}

// resolve gives the executor the secrets that its command refers to (slave/containerizer/mesos/isolators/environment_secret.cpp).
func (c *container) resolve() error {
	if c.command.Environment == nil {
		return nil
	}
	for _, v := range c.command.Environment.Variables {
		if v.GetType() != mesos.Environment_Variable_SECRET {
			continue
		}
		name := v.GetSecret().GetReference().GetName()
		if c.secret == nil || name == "" {
			return fmt.Errorf("resolving the secret %q: this agent has no resolver", name)
		}
		value, err := c.secret(name)
		if err != nil {
			return fmt.Errorf("resolving the secret %q: %w", name, err)
		}
		c.secrets = append(c.secrets, v.Name+"="+value)
	}

	return nil
}
