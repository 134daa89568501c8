package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"dce/internal/enginetest"
)

// The infra program as process 1 of the pod's pid namespace: it reaps what is
// orphaned, takes no memory to speak of, and ends by itself on SIGTERM.
func TestTheInfraContainerReapsAndEndsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "infra")
	p := f.pod(`
  web:
    %shared%
    pid: service:infra
    command: [sh, -c, "for i in 1 2 3 4 5 6 7 8; do (sleep 0.1 & exit) ; done; trap 'exit 0' TERM; while :; do sleep 0.1; done"]
`)
	f.up(p)
	res, err := f.api.ContainerInspect(t.Context(), f.id+"-infra-1", client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pid := res.Container.State.Pid
	enginetest.Eventually(t, 20*time.Second, "the orphans to be reaped", func() (bool, string) {
		left := children(t, pid)
		return len(left) == 0, fmt.Sprint(left)
	})
	if used, ok := memoryOf(res.Container.ID); ok && used > 1<<20 {
		t.Errorf("at rest it takes %d bytes", used)
	}
	w := f.watch(p)
	if _, err := p.Stop(t.Context(), unbounded, ""); err != nil {
		t.Fatal(err)
	}
	f.eventually(w, "an end of its own", "infra exited 0")
	f.down(p)
}

// children are the processes whose parent is the one given, with their state.
func children(t *testing.T, parent int) []string {
	t.Helper()
	var found []string
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			found = append(found, string(b[:min(40, len(b))]))
		}
	}
	return found
}

// memoryOf reads the memory that a container's cgroup is charged with, where
// this process can see it.
func memoryOf(id string) (int64, bool) {
	for _, file := range []string{
		"/sys/fs/cgroup/memory/docker/" + id + "/memory.usage_in_bytes",
		"/sys/fs/cgroup/docker/" + id + "/memory.current",
	} {
		if b, err := os.ReadFile(file); err == nil {
			n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
