package cgroup

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// unifiedHere is the v2 hierarchy of this machine as the only one, which it is
// on a machine with v2; one with v1 has it beside, without controllers.
func unifiedHere(t *testing.T) (Tree, mount) {
	t.Helper()
	all, err := Detect()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all.mounts, func(m mount) bool { return m.unified })
	if i < 0 || !mayWrite(all.mounts[i].dir) {
		t.Skip("takes root and a mounted cgroup2 file system")
	}
	return Tree{version: 2, mounts: all.mounts[i : i+1]}, all.mounts[i]
}

func TestARealParentOfV2(t *testing.T) {
	t.Parallel()
	tree, m := unifiedHere(t)
	limits := Limits{}
	has := strings.Fields(content(t, m.dir, "cgroup.controllers"))
	if slices.Contains(has, "memory") {
		limits.MemMB = 64
	}
	parent := Root + "-test-v2-" + time.Now().Format("150405.000000")
	if err := tree.Create(t.Context(), parent, limits); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Remove(context.Background(), parent) })
	for _, c := range has {
		on := strings.Fields(content(t, m.dir, parent, "cgroup.subtree_control"))
		if slices.Contains([]string{"cpu", "memory", "pids"}, c) && !slices.Contains(on, c) {
			t.Errorf("%s is not handed down to the containers: %v", c, on)
		}
	}
	if limits.MemMB > 0 && strings.TrimSpace(content(t, m.dir, parent, "memory.max")) != "67108864" {
		t.Errorf("memory.max: %s", content(t, m.dir, parent, "memory.max"))
	}

	// As the engine does: a cgroup below it for each container.
	inside := filepath.Join(m.dir, parent, "container")
	if err := os.Mkdir(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	holdsAndFrees(t, tree, parent, inside)
}

// The engine's word on processes in v2: where a cgroup hands controllers down
// it may hold none itself, so the pod's parent never does.
func TestNothingIsMadeWhereV2HoldsProcesses(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put(t, root, "", map[string]string{"cgroup.controllers": "memory", "cgroup.subtree_control": "memory"})
	put(t, root, "task", map[string]string{"cgroup.controllers": "memory"})
	// A directory in place of the file refuses to be written, as the kernel's does.
	put(t, root, "task/cgroup.subtree_control", nil)
	tree := Tree{version: 2, mounts: []mount{{dir: root, unified: true}}}
	if err := tree.Create(t.Context(), "/task/pod", Limits{}); err == nil || !strings.Contains(err.Error(), "making cgroup /task/pod") {
		t.Errorf("got %v", err)
	}
	if tree.Exists("/task/pod") {
		t.Error("half a cgroup is left")
	}
}
