package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dce/internal/sweep"
)

func TestWhatASweepSays(t *testing.T) {
	r := sweep.Report{
		Orphans: []sweep.Row{
			{Pod: "c1", Task: "web.1", Reason: "nobody holds its lease", Containers: []string{"a", "b"}, Networks: []string{"n"}},
			{Pod: "c2\n\x1b[2J$(reboot)", Task: "t", Reason: "process 7 is gone", Volumes: []string{"v", "w"}, Error: "it does not end\nvolume v is in use"},
		},
		Kept:      []sweep.Row{{Pod: "c3", Task: "t", KeptUntil: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)}},
		LeftAlone: []sweep.Row{{Pod: "c4", Task: "t", Reason: "its process is in another pid namespace", Containers: []string{"a"}}},
		Cgroups:   []string{"/dce/c1"}, Leases: []string{"/run/dce/c1.lease"},
	}
	want := strings.TrimPrefix(`
removed pod c1 (task web.1), 2 containers, 1 network: nobody holds its lease
could not remove pod c2\n\x1b[2J$(reboot) (task t), 2 volumes: process 7 is gone; it does not end; volume v is in use
kept pod c3 (task t) until 2026-11-22T01:02:03Z: it has failed
left alone pod c4 (task t), 1 container: its process is in another pid namespace
removed cgroup /dce/c1
removed lease /run/dce/c1.lease`, "\n")
	if d := cmp.Diff(want, strings.Join(reportLines(r), "\n")); d != "" {
		t.Error(d)
	}
	r.DryRun = true
	lines := reportLines(r)
	if got := lines[0] + "\n" + lines[4]; !strings.HasPrefix(got, "would remove pod c1") || !strings.HasSuffix(got, "\nwould remove cgroup /dce/c1") {
		t.Error(got)
	}
	if notReaped(r) == nil || notReaped(sweep.Report{Untidy: "a process is in /dce/c1"}) == nil {
		t.Error("what could not be removed is no error")
	}
}

func TestAWatchTellsOnceWhatItLeavesAlone(t *testing.T) {
	var out strings.Builder
	told := news{app: &app{env: Env{Stdout: &out, Stderr: &out}}, format: "text"}
	alone := func(reason string) []sweep.Row {
		return []sweep.Row{{Pod: "c1", Task: "t", Reason: reason, Containers: []string{"a"}}}
	}
	removed := []sweep.Row{{Pod: "c2", Task: "t", Reason: "nobody holds its lease", Containers: []string{"a"}}}
	for _, r := range []sweep.Report{
		{},
		{LeftAlone: alone("its lease is not there")},
		{LeftAlone: alone("its lease is not there")},
		{LeftAlone: alone("its lease is not there"), Orphans: removed},
		{LeftAlone: alone("its lease cannot be read")},
		{},
		{LeftAlone: alone("its lease cannot be read")},
	} {
		told.print(r)
	}
	want := strings.TrimPrefix(`
left alone pod c1 (task t), 1 container: its lease is not there
removed pod c2 (task t), 1 container: nobody holds its lease
left alone pod c1 (task t), 1 container: its lease cannot be read
left alone pod c1 (task t), 1 container: its lease cannot be read
`, "\n")
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}
