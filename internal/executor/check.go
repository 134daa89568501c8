package executor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"dce/internal/cgroup"
	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/project"
)

// CheckOptions are what is checked on an agent before tasks come.
type CheckOptions struct {
	Engine *engine.Engine
	// Leases is the directory of leases.
	Leases string
	// Metrics is where executors show what they are at; empty leaves it to the
	// job.
	Metrics string
}

// Check says what an executor would find on this machine, a line for each
// thing. Its error is what would fail every task.
func Check(ctx context.Context, o CheckOptions) ([]string, error) {
	info, err := o.Engine.Info(ctx)
	if err != nil {
		return nil, err
	}
	if info.CgroupDriver == "systemd" {
		return nil, diag.Fail(systemdDriver())
	}
	lines := []string{
		fmt.Sprintf("engine: Docker %s (API %s) at %s", info.Version, info.APIVersion, o.Engine.Host()),
		fmt.Sprintf("cgroups: version %s, driver %s", info.CgroupVersion, info.CgroupDriver),
	}
	tree, err := cgroup.Detect()
	if err != nil {
		return nil, err
	}
	if r := tree.Check(cgroup.Engine{Local: info.Local, Driver: info.CgroupDriver, Version: info.CgroupVersion}); r != cgroup.Usable {
		lines = append(lines, "limits under the posix launcher: none, "+string(r))
	}
	leases, err := checkLeases(o.Leases)
	if err != nil {
		return nil, err
	}
	lines = append(lines, leases)
	if o.Metrics != "" {
		lines = append(lines, "metrics: "+o.Metrics)
	}
	return lines, nil
}

func checkLeases(dir string) (string, error) {
	l, err := lease.Take(dir, fmt.Sprintf("check-%d", os.Getpid()))
	if err != nil {
		return "", diag.Fail(noLease(dir, err))
	}
	if err := l.Release(); err != nil {
		return "", diag.Fail(noLease(dir, err))
	}
	return "leases: " + dir, nil
}

// Settings reads the operator's file as an executor would, and says which it
// is.
func Settings(path string) (project.Operator, string, error) {
	if path == "" {
		path = project.SystemConfig
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		o, err := project.ReadOperator(path)
		return o, "settings: dce's own, there is no " + path, err
	}
	o, err := project.ReadOperator(path)
	return o, "settings: " + path, err
}
