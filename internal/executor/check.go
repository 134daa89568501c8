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
	Config string
	// Leases is the directory of leases, DefaultLeases when empty.
	Leases string
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
	settings, err := checkConfig(o.Config)
	return append(lines, leases, settings), err
}

func checkLeases(dir string) (string, error) {
	if dir == "" {
		dir = DefaultLeases
	}
	l, err := lease.Take(dir, fmt.Sprintf("check-%d", os.Getpid()))
	if err != nil {
		return "", diag.Fail(noLease(dir, err))
	}
	if err := l.Release(); err != nil {
		return "", diag.Fail(noLease(dir, err))
	}
	return "leases: " + dir, nil
}

// checkConfig reads the operator's settings as an executor would.
func checkConfig(path string) (string, error) {
	if path == "" {
		path = project.SystemConfig
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "settings: dce's own, there is no " + path, nil
	}
	if err := project.CheckConfig(path); err != nil {
		return "", err
	}
	return "settings: " + path, nil
}
