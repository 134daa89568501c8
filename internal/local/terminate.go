package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"dce/internal/lease"
	"dce/internal/render"
	"dce/internal/task"
)

// keeperOf is the process that looks after a pod: as its facts say, which are
// written before any container is, or as its containers' labels do.
func (m *Machine) keeperOf(ctx context.Context, podID string) (lease.Identity, error) {
	if t := m.facts(podID); t.Lease != "" {
		return lease.Identity{Lease: t.Lease, BootID: t.BootID, PID: t.PID, Start: t.StartTime}, nil
	}
	pods, err := m.Engine.Pods(ctx, map[string]string{render.LabelPod: podID})
	if err != nil || len(pods) == 0 {
		return lease.Identity{}, err
	}
	return identityOf(pods[0].Labels), nil
}

// facts are those that the state directory keeps of a pod, none where it does
// not.
func (m *Machine) facts(podID string) render.Task {
	var f task.File
	if err := readJSON(filepath.Join(m.Dirs.pod(podID), taskFile), &f); err != nil {
		return render.Task{}
	}
	return f.Task
}

// identityOf is the keeper that a pod's labels name.
func identityOf(labels map[string]string) lease.Identity {
	pid, err := strconv.Atoi(labels[render.LabelPID])
	if err != nil {
		pid = 0 // not a pid: the judge then knows nothing of the process
	}
	return lease.Identity{
		Lease: labels[render.LabelLease], BootID: labels[render.LabelBoot],
		PID: pid, Start: labels[render.LabelStart],
	}
}

// terminate asks a process to end, if it provably is the one that is meant: the
// pid may have been given to another since, and labels may say anything. Where
// there is no such request (Windows) it is ended, and the pod taken down from
// outside.
func terminate(id lease.Identity) error {
	if !lease.Here().SameProcess(id) {
		return nil
	}
	p, err := os.FindProcess(id.PID)
	if err != nil {
		return fmt.Errorf("finding the pod's keeper: %w", err)
	}
	if runtime.GOOS == "windows" {
		err = p.Kill()
	} else {
		err = p.Signal(syscall.SIGTERM)
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("asking process %d to end: %w", id.PID, err)
	}
	return nil
}
