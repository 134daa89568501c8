package life

import (
	"context"

	"dce/internal/cgroup"
	"dce/internal/supervisor"
)

// Cgroup is the parent cgroup of a pod.
type Cgroup struct {
	// Parent is what the containers are told.
	Parent string `json:"parent,omitempty"`
	// Own says that it is made and removed with the pod.
	Own    bool          `json:"own,omitempty"`
	Limits cgroup.Limits `json:"limits,omitzero"`
}

// around gives the pod its cgroup.
func (c Cgroup) around(e supervisor.Engine) (supervisor.Engine, error) {
	if !c.Own {
		return e, nil
	}
	tree, err := cgroup.Detect()
	if err != nil {
		return nil, err
	}
	return supervisor.InCgroup(e, parent{tree, c}), nil
}

// parent is a pod's own parent cgroup.
type parent struct {
	tree cgroup.Tree
	plan Cgroup
}

// Create implements supervisor.Cgroup.
func (p parent) Create(ctx context.Context) error {
	return p.tree.Create(ctx, p.plan.Parent, p.plan.Limits)
}

// Remove implements supervisor.Cgroup.
func (p parent) Remove(ctx context.Context) error { return p.tree.Remove(ctx, p.plan.Parent) }
