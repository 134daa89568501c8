package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dce/internal/cgroup"
	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/pod"
	"dce/internal/render"
)

func TestTheIDOfALocalPodIsStable(t *testing.T) {
	cases := map[string][4]string{
		"a project":                   {"shop", "", "", "local.shop"},
		"a project's environment":     {"shop", "prod", "", "local.shop-prod"},
		"a name of its own":           {"shop", "prod", "second", "local.second"},
		"a name with the prefix":      {"shop", "", "local.second", "local.second"},
		"a name that stands for both": {"", "", "x", "local.x"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := podID(c[0], c[1], c[2]); got != c[3] {
				t.Errorf("got %s, want %s", got, c[3])
			}
		})
	}
}

func TestNamesThatCannotBeOnes(t *testing.T) {
	for _, name := range []string{"", "local.", "../x", "a/b", "-x", "A", "a b", strings.Repeat("a", 300)} {
		if checkName(name) == nil {
			t.Errorf("%q is taken as a name", name)
		}
	}
	for _, name := range []string{"x", "local.x", "a-b_c.9"} {
		if err := checkName(name); err != nil {
			t.Error(err)
		}
	}
}

func TestAnIDNeverLeavesItsDirectory(t *testing.T) {
	seen := map[string]string{}
	for _, id := range []string{"local.shop", "..", "../../etc", "a/b", "a_b", "", ".hidden", "-rf", strings.Repeat("x", 500), "ümlaut"} {
		e := elementOf(id)
		if e == "" || e != filepath.Base(e) || e == "." || e == ".." {
			t.Errorf("%q becomes %q", id, e)
		}
		if other, ok := seen[e]; ok {
			t.Errorf("%q and %q both become %q", id, other, e)
		}
		seen[e] = id
	}
}

func TestWhereThingsAre(t *testing.T) {
	cases := map[string]struct {
		env  map[string]string
		uid  int
		want Dirs
	}{
		"a user":          {map[string]string{"HOME": "/home/ann", "XDG_RUNTIME_DIR": "/run/user/7"}, 7, Dirs{"/home/ann/.local/state/dce/pods", "/run/user/7/dce"}},
		"root":            {map[string]string{"HOME": "/root", "XDG_RUNTIME_DIR": "/run/user/0"}, 0, Dirs{"/root/.local/state/dce/pods", "/run/dce"}},
		"told otherwise":  {map[string]string{"XDG_STATE_HOME": "/s", "DCE_LEASE_DIR": "/l"}, 7, Dirs{"/s/dce/pods", "/l"}},
		"no runtime dir":  {map[string]string{"HOME": "/home/ann"}, 7, Dirs{"/home/ann/.local/state/dce/pods", "/home/ann/.local/state/dce/leases"}},
		"root, no home":   {nil, 0, Dirs{"/var/lib/dce/pods", "/run/dce"}},
		"nobody, nowhere": {nil, 7, Dirs{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := FindDirs(func(k string) string { return c.env[k] }, c.uid)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (err != nil) != (c.want == Dirs{}) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestAPodsCgroup(t *testing.T) {
	here := engine.Info{Local: true, CgroupDriver: "cgroupfs", CgroupVersion: "1"}
	remote := engine.Info{CgroupDriver: "cgroupfs", CgroupVersion: "1"}
	systemd := engine.Info{Local: true, CgroupDriver: "systemd", CgroupVersion: "2"}
	limited := render.Task{Resources: render.Resources{CPUs: 1}}
	cases := map[string]struct {
		info     engine.Info
		task     render.Task
		parent   string
		severity diag.Severity
	}{
		"an engine elsewhere":                       {remote, render.Task{}, "/dce/shared", diag.Note},
		"an engine elsewhere, and limits asked for": {remote, limited, "/dce/shared", diag.Warning},
		"no cgroups here":                           {here, render.Task{}, "/dce/shared", diag.Note},
		"the systemd driver":                        {systemd, limited, "dce-local.x.slice", diag.Warning},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			plan, notes := planCgroup("local.x", c.task, c.info, cgroup.Tree{})
			if plan.Parent != c.parent || plan.Own {
				t.Errorf("got %+v, want %s", plan, c.parent)
			}
			if len(notes) != 1 || notes[0].Severity != c.severity {
				t.Errorf("notes %+v", notes)
			}
		})
	}
}

func TestTheFirstRequestToEndStopsAndTheNextKills(t *testing.T) {
	var kills []pod.Kill
	cancelled := false
	s := &stops{cancel: func(error) { cancelled = true }, say: func(string, ...any) {}, note: nothingSaid}
	s.living(func(k pod.Kill) { kills = append(kills, k) })
	s.hear(Stop{By: "Ctrl-C", Exit: 130})
	s.hear(Stop{By: "SIGTERM", Exit: 143})
	want := []pod.Kill{{By: "Ctrl-C"}, {By: "SIGTERM", Now: true}}
	if diff := cmp.Diff(want, kills); diff != "" || cancelled {
		t.Errorf("cancelled %v, (-want +got):\n%s", cancelled, diff)
	}
	if first, ok := s.heard(); !ok || first.Exit != 130 {
		t.Errorf("the exit code is that of %+v", first)
	}
}

func nothingSaid() (asked, bool) { return asked{}, false }

func TestARequestOfAnotherCommandIsThatCommands(t *testing.T) {
	var kills []pod.Kill
	s := &stops{say: func(string, ...any) {}, note: func() (asked, bool) { return asked{By: "dce down", Grace: time.Minute}, true }}
	s.living(func(k pod.Kill) { kills = append(kills, k) })
	s.hear(Stop{By: "SIGTERM", Exit: 143})
	s.hear(Stop{By: "Ctrl-C", Exit: 130})
	want := []pod.Kill{{By: "dce down", Grace: time.Minute}, {By: "dce down", Grace: time.Minute, Now: true}}
	if diff := cmp.Diff(want, kills); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if first, _ := s.heard(); first.Exit != 0 {
		t.Errorf("the command ends with %d", first.Exit)
	}
}

func TestARequestBeforeThePodLivesEndsTheWorkAndReachesThePod(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &stops{cancel: cancel, say: func(string, ...any) {}, note: nothingSaid}
	s.hear(Stop{By: "Ctrl-C", Exit: 130})
	if !errors.Is(context.Cause(ctx), errStopped) {
		t.Errorf("the work ends because of %v", context.Cause(ctx))
	}
	var killed pod.Kill
	s.living(func(k pod.Kill) { killed = k })
	if killed.By != "Ctrl-C" {
		t.Errorf("a pod that began to live in that moment heard %+v", killed)
	}
}

func TestWhatContainersSayOfAPodWithoutAKeeper(t *testing.T) {
	up := engine.ContainerSummary{State: "running"}
	cases := map[string]struct {
		containers []engine.ContainerSummary
		want       string
	}{
		"all run":              {[]engine.ContainerSummary{up, up}, "running"},
		"one ended well":       {[]engine.ContainerSummary{up, {State: "exited"}}, "running"},
		"one failed":           {[]engine.ContainerSummary{up, {State: "exited", ExitCode: 1}}, "degraded"},
		"one is unhealthy":     {[]engine.ContainerSummary{up, {State: "running", Health: "unhealthy"}}, "unhealthy"},
		"nothing runs":         {[]engine.ContainerSummary{{State: "exited", ExitCode: 1}}, "exited"},
		"nothing was started":  {[]engine.ContainerSummary{{State: "created"}}, "exited"},
		"there is nothing":     {nil, "exited"},
		"the infra alone runs": {[]engine.ContainerSummary{up, {State: "exited", ExitCode: 137}}, "degraded"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := stateOf(engine.Summary{Containers: c.containers}); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestAProblemSurvivesTheWayThroughAPipe(t *testing.T) {
	want := diag.Diagnostic{
		Code: "DCE320", Severity: diag.Warning, Summary: "s", Detail: "d", Hint: "h",
		Pos: diag.Pos{File: "f", Line: 1}, Related: []diag.Related{{Note: "n"}}, Subject: []string{"services", "web"}, Cause: errors.New("below"),
	}
	got := diagnostics(problemsOf(&diag.Problems{List: diag.List{want}}))[0]
	if got.Cause.Error() != want.Cause.Error() {
		t.Errorf("cause %v", got.Cause)
	}
	got.Cause, want.Cause = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if plain := diagnostics(problemsOf(errFromNowhere)); plain[0].Summary != errFromNowhere.Error() {
		t.Errorf("a plain error becomes %+v", plain)
	}
}

var errFromNowhere = errors.New("from nowhere")

func TestAWriterNeitherWaitsForItsReaderNorFailsWithoutOne(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out := newWriter[answer](w)
	for range 2 * queued {
		out.say(answer{State: pod.Running})
	}
	r.Close()
	out.close()
}

func TestEveryWayToFailHasACodeOfTheCatalogue(t *testing.T) {
	for _, c := range []pod.Cause{
		pod.CauseExit, pod.CauseOOM, pod.CauseUnhealthy, pod.CauseInfra, pod.CauseAllExited,
		pod.CauseRemoved, pod.CausePrepare, pod.CauseStart, pod.CauseLaunchTime, pod.CauseEngine, pod.CauseEngineRestart,
	} {
		if e, ok := diag.Lookup(codeOf(c)); !ok || e.Exit == diag.ExitDone {
			t.Errorf("cause %s has code %s, which is %+v", c, codeOf(c), e)
		}
	}
}
