package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		content string
		version int
		parent  string
	}{
		"an executor of an agent with the linux launcher": {
			"6:freezer:/mesos/c1\n4:memory:/mesos/c1\n2:cpuacct:/mesos/c1\n1:cpu:/mesos/c1\n0::/\n", 1, "/mesos/c1",
		},
		"controllers that share a hierarchy": {"4:memory:/m/x\n2:cpu,cpuacct:/m/x\n", 1, "/m/x"},
		"the unified hierarchy alone":        {"0::/mesos/c1/leaf\n", 2, "/mesos/c1/pod"},
		"a cgroup namespace, v1":             {"4:memory:/\n0::/\n", 1, ""},
		"a cgroup namespace, v2":             {"0::/\n", 2, ""},
		"above the root of a namespace":      {"4:memory:/../x\n", 1, ""},
		"a v2 cgroup right below the root":   {"0::/executor\n", 2, ""},
		"nothing":                            {"", 0, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Parse(test.content)
			if err != nil {
				t.Fatal(err)
			}
			if m.Version() != test.version {
				t.Errorf("version %d, want %d", m.Version(), test.version)
			}
			parent, err := m.TaskParent()
			if parent != test.parent {
				t.Errorf("parent %q, want %q", parent, test.parent)
			}
			if list, ok := diag.Of(err); test.parent == "" && (!ok || list[0].Code != "DCE401") {
				t.Errorf("no diagnostic: %v", err)
			}
		})
	}
}

func TestParseRefusesWhatIsNoMembership(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"memory", "4:memory", "4:memory:relative"} {
		if _, err := Parse(content); err == nil {
			t.Errorf("%q was read", content)
		}
	}
}

// Every recorded executor was in a memory cgroup named after its container,
// which is also the last part of its sandbox.
func TestEveryRecordedExecutorHasAParent(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("../../../shared/mesos-wire/*.cgroup.txt")
	if len(files) == 0 {
		t.Skip("the recorded conversations are not beside this checkout")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Parse(string(b))
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		parent, err := m.TaskParent()
		if err != nil || !strings.HasPrefix(parent, "/mesoseval/") {
			t.Errorf("%s: parent %q, %v", filepath.Base(f), parent, err)
		}
	}
}

const (
	v1Mounts = `24 1 0:22 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
25 24 0:23 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
26 24 0:24 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
27 24 0:25 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
28 24 0:26 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd
29 24 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
30 1 0:24 / /else\040where rw,relatime - cgroup cgroup rw,memory
`
	v2Mounts = "24 1 0:22 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
)

func TestMounts(t *testing.T) {
	t.Parallel()
	v1 := parseMounts(v1Mounts)
	if v1.version != 1 || len(v1.mounts) != 5 {
		t.Errorf("v1: %+v", v1)
	}
	var made []string
	for _, m := range v1.limiting() {
		made = append(made, m.dir)
	}
	if d := cmp.Diff([]string{"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory"}, made); d != "" {
		t.Errorf("the parent is made elsewhere (-want +got):\n%s", d)
	}
	v2 := parseMounts(v2Mounts)
	if v2.version != 2 || len(v2.limiting()) != 1 {
		t.Errorf("v2: %+v", v2)
	}
	if none := parseMounts(""); none.version != 0 {
		t.Errorf("no mounts: %+v", none)
	}
}

func TestCheckSaysWhyThereIsNoCgroup(t *testing.T) {
	t.Parallel()
	here := fakeV2(t)
	ok := Engine{Local: true, Driver: "cgroupfs", Version: "2"}
	readOnly := Tree{version: 2, mounts: []mount{{dir: "/nowhere", unified: true}}}
	tests := map[string]struct {
		tree   Tree
		engine Engine
		want   Reason
	}{
		"all is well":         {here, ok, Usable},
		"a remote engine":     {here, Engine{Driver: "cgroupfs", Version: "2"}, RemoteEngine},
		"the systemd driver":  {here, Engine{Local: true, Driver: "systemd", Version: "2"}, SystemdDriver},
		"another version":     {here, Engine{Local: true, Driver: "cgroupfs", Version: "1"}, OtherVersion},
		"no cgroups":          {Tree{}, ok, NoTree},
		"nothing can be made": {readOnly, ok, NoRights},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.tree.Check(test.engine); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheParentStaysBelowTheRoot(t *testing.T) {
	t.Parallel()
	tree := fakeV2(t)
	for _, parent := range []string{"", "/", "x", "/..", "/../x", "/a/../b", "/a/", "//a", "/a/./b", "/a\x00b", "/a\nb"} {
		if err := tree.Create(t.Context(), parent, Limits{}); !errors.Is(err, errPath) {
			t.Errorf("Create(%q): %v", parent, err)
		}
		if err := tree.Remove(t.Context(), parent); !errors.Is(err, errPath) {
			t.Errorf("Remove(%q): %v", parent, err)
		}
	}
}

func TestASymbolicLinkDoesNotLeadOut(t *testing.T) {
	t.Parallel()
	tree, outside := fakeV2(t), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(tree.mounts[0].dir, "out")); err != nil {
		t.Fatal(err)
	}
	if err := tree.Create(t.Context(), "/out/x", Limits{}); err == nil {
		t.Error("a cgroup was made through a link")
	}
	if left, _ := os.ReadDir(outside); len(left) != 0 {
		t.Errorf("outside: %v", left)
	}
}

// fakeV2 is a directory that looks like a v2 tree, with the control files that
// the kernel would make for /dce and /dce/p1.
func fakeV2(t *testing.T) Tree {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"", "dce", "dce/p1"} {
		put(t, root, dir, map[string]string{
			"cgroup.controllers": "cpuset cpu io memory pids", "cgroup.subtree_control": "",
			"cpu.weight": "", "cpu.max": "max 100000", "memory.max": "max",
		})
	}
	return Tree{version: 2, mounts: []mount{{dir: root, unified: true}}}
}

func put(t *testing.T, root, dir string, files map[string]string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(root, dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func content(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCreateWritesTheLimitsOfV2(t *testing.T) {
	t.Parallel()
	tree := fakeV2(t)
	root := tree.mounts[0].dir
	if err := tree.Create(t.Context(), "/dce/p1", Limits{CPUs: 1.5, MemMB: 64}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"cpu.max": "150000 100000", "cpu.weight": "59", "memory.max": "67108864"}
	for file, value := range want {
		if got := content(t, root, "dce/p1", file); got != value {
			t.Errorf("%s: %q, want %q", file, got, value)
		}
	}
	for _, dir := range []string{"", "dce", "dce/p1"} {
		if got := content(t, root, dir, "cgroup.subtree_control"); !strings.Contains(got, "+pids") {
			t.Errorf("controllers are not handed down from %q: %q", dir, got)
		}
	}
}

func TestCreateWithoutLimitsWritesNone(t *testing.T) {
	t.Parallel()
	tree := fakeV2(t)
	if err := tree.Create(t.Context(), "/dce/p1", Limits{}); err != nil {
		t.Fatal(err)
	}
	if got := content(t, tree.mounts[0].dir, "dce/p1/memory.max"); got != "max" {
		t.Errorf("memory.max: %q", got)
	}
}

func TestV1AsksForAccountingBelow(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put(t, root, "p", map[string]string{"memory.use_hierarchy": "0", "memory.limit_in_bytes": ""})
	tree := Tree{version: 1, mounts: []mount{{dir: root, controllers: []string{"memory"}}}}
	if err := tree.Create(t.Context(), "/p", Limits{MemMB: 1}); err != nil {
		t.Fatal(err)
	}
	if got := content(t, root, "p/memory.use_hierarchy"); got != "1" {
		t.Errorf("memory.use_hierarchy: %q", got)
	}
	if got := content(t, root, "p/memory.limit_in_bytes"); got != "1048576" {
		t.Errorf("memory.limit_in_bytes: %q", got)
	}
}

func TestRemoveGoesFromTheLeavesUp(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{"p/a/b", "p/c", "q"} {
		put(t, root, dir, nil)
	}
	tree := Tree{version: 1, mounts: []mount{{dir: root, controllers: []string{"memory"}}}}
	if err := tree.Remove(t.Context(), "/p"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "p")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("p is still there")
	}
	if !tree.Exists("/q") {
		t.Error("q went too")
	}
	if err := tree.Remove(t.Context(), "/p"); err != nil {
		t.Errorf("removing again: %v", err)
	}
}

func TestTheRootComesAndGoesWithThePods(t *testing.T) {
	t.Parallel()
	tree := Tree{version: 1, mounts: []mount{{dir: t.TempDir(), controllers: []string{"memory"}}, {dir: t.TempDir(), controllers: []string{"blkio"}}}}
	var pods sync.WaitGroup
	for i := range 8 {
		pods.Go(func() {
			parent := fmt.Sprintf("%s/pod%d", Root, i)
			for range 200 {
				if err := tree.Create(t.Context(), parent, Limits{}); err != nil {
					t.Errorf("making %s: %v", parent, err)
				}
				for _, m := range tree.mounts {
					if _, err := os.Stat(filepath.Join(m.dir, parent)); err != nil {
						t.Error(err)
					}
				}
				if err := tree.Remove(t.Context(), parent); err != nil {
					t.Errorf("removing %s: %v", parent, err)
				}
			}
		})
	}
	pods.Wait()
	if tree.Exists(Root) {
		t.Error("the root is left behind")
	}
}

func TestSlice(t *testing.T) {
	t.Parallel()
	if got := Slice("local.shop"); got != "dce-local.shop.slice" {
		t.Errorf("a plain id: %s", got)
	}
	if got := Slice("a-b/c"); !strings.HasPrefix(got, "dce-a_b_c_") || strings.Count(got, "-") != 1 || strings.Contains(got, "/") {
		t.Errorf("an id with a dash and a slash: %s", got)
	}
	if Slice("a-b") == Slice("a_b") {
		t.Error("two pods have one slice")
	}
	if long := Slice(strings.Repeat("x", 999)); len(long) > 255 {
		t.Errorf("%d characters", len(long))
	}
}

func TestLimitsKeepToTheKernelsBounds(t *testing.T) {
	t.Parallel()
	if l := (Limits{CPUs: 0.0001}); l.shares() != 2 || l.quota() != 1000 {
		t.Errorf("small: %d, %d", l.shares(), l.quota())
	}
	if l := (Limits{CPUs: 0.3}); l.shares() != 307 {
		t.Errorf("0.3 CPUs are 307 shares for Mesos, %d here", l.shares())
	}
	if l := (Limits{CPUs: 9999}); l.shares() != 262144 {
		t.Errorf("large: %d", l.shares())
	}
}

// The real thing, where this process may make cgroups.
func TestARealParent(t *testing.T) {
	t.Parallel()
	tree, err := Detect()
	if err != nil {
		t.Fatal(err)
	}
	if tree.version == 0 || !tree.writable() {
		t.Skip("making a cgroup takes root and a mounted cgroup file system")
	}
	parent := "/dce-test-" + filepath.Base(t.TempDir()) + "-" + time.Now().Format("150405.000000")
	if err := tree.Create(t.Context(), parent, Limits{CPUs: 0.5, MemMB: 64}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tree.Remove(context.Background(), parent) }()
	file := map[int]string{1: "memory.limit_in_bytes", 2: "memory.max"}[tree.version]
	for _, m := range tree.limiting() {
		if m.unified || m.controllers[0] == "memory" {
			if got := strings.TrimSpace(content(t, m.dir, parent, file)); got != "67108864" {
				t.Errorf("%s: %s", file, got)
			}
		}
	}
	if err := tree.Remove(t.Context(), parent); err != nil || tree.Exists(parent) {
		t.Errorf("not removed: %v", err)
	}
}

func TestABusyCgroupIsTriedAgainUntilTheDeadline(t *testing.T) {
	t.Parallel()
	tree, err := Detect()
	if err != nil || tree.version == 0 || !tree.writable() {
		t.Skip("making a cgroup takes root and a mounted cgroup file system")
	}
	parent := "/dce-test-busy-" + time.Now().Format("150405.000000")
	if err := tree.Create(t.Context(), parent, Limits{}); err != nil {
		t.Fatal(err)
	}
	holdsAndFrees(t, tree, parent, tree.limiting()[0].dir+parent)
}

func TestACgroupOfTheAgentsIsLeftToIt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{"memory/p", "cpu/p", "blkio/p/c"} {
		put(t, root, dir, nil)
	}
	tree := Tree{version: 1, mounts: []mount{{dir: root + "/memory"}, {dir: root + "/cpu"}, {dir: root + "/blkio"}}}
	agents := tree.Inodes("/p")
	delete(agents, root+"/blkio/p")
	agents[root+"/cpu/p"]++ // it was removed, and the engine has made it anew
	if err := tree.RemoveExcept(t.Context(), "/p", agents); err != nil {
		t.Fatal(err)
	}
	left := tree.Inodes("/p")
	if _, ok := left[root+"/memory/p"]; !ok || len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

func TestHoweverTheLastPodIsRemovedTheRootGoesWithIt(t *testing.T) {
	t.Parallel()
	const pod = Root + "/pod"
	for name, remove := range map[string]func(Tree) error{
		"by its own end":             func(tree Tree) error { return tree.Remove(t.Context(), pod) },
		"by a sweep":                 func(tree Tree) error { return tree.RemoveExcept(t.Context(), pod, nil) },
		"beside the executor's ones": func(tree Tree) error { return tree.RemoveBeside(t.Context(), pod, Membership{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := Tree{version: 1, mounts: []mount{{dir: t.TempDir()}, {dir: t.TempDir()}}}
			for _, m := range tree.mounts {
				put(t, m.dir, strings.TrimPrefix(pod, "/"), nil)
			}
			if err := remove(tree); err != nil || tree.Exists(Root) {
				t.Errorf("%v, and the root is there: %v", err, tree.Exists(Root))
			}
		})
	}
}
