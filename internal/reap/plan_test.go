package reap

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dce/internal/render"
)

// made are the labels that render gives what a task makes.
func made(change ...string) map[string]string {
	labels := render.TaskLabels(render.Task{
		ID: "web.1", ExecutorID: "ex", FrameworkID: "fw", Front: render.FrontMesos, PodID: "c1",
		Lease: "/run/dce/c1.lease", BootID: "boot", PID: 42, StartTime: "1@2",
	})
	for i := 0; i < len(change); i += 2 {
		labels[change[i]] = change[i+1]
		if change[i+1] == "" {
			delete(labels, change[i])
		}
	}
	return labels
}

func container(name string, labels map[string]string) Thing {
	return Thing{Kind: Container, ID: "id-" + name, Name: name, Labels: labels}
}

// by judges by the lease's name: "dead", "odd", and everything else lives.
func by(p Pod) Verdict {
	switch {
	case p.DCEGo || strings.Contains(p.Owner.Lease, "dead"):
		return Verdict{Gone, "nobody holds its lease"}
	case strings.Contains(p.Owner.Lease, "odd"):
		return Verdict{Unknown, "its lease cannot be read"}
	}
	return Verdict{Alive, "its lease is held"}
}

func never(Pod) time.Time { return time.Time{} }

// String is the plan as a test reads it.
func (p Plan) String() string {
	var b strings.Builder
	for _, list := range []struct {
		what string
		pods []Pod
	}{{"orphan", p.Orphans}, {"kept", p.Kept}, {"left alone", p.Unjudged}} {
		for _, pod := range list.pods {
			fmt.Fprintf(&b, "%s %s:", list.what, pod.ID)
			for _, t := range pod.Things {
				fmt.Fprintf(&b, " %s", t.Name)
			}
			b.WriteString("\n")
		}
	}
	if p.Alive+p.Local > 0 {
		fmt.Fprintf(&b, "%d alive, %d local\n", p.Alive, p.Local)
	}
	return b.String()
}

func TestWhatIsAnOrphan(t *testing.T) {
	const dead = "/run/dce/dead.lease"
	tests := map[string]struct {
		things []Thing
		query  Query
		want   string
	}{
		"a pod whose executor lives stays": {
			[]Thing{container("web", made()), container("db", made())}, Query{}, "1 alive, 0 local\n",
		},
		"a pod whose executor is gone goes, whatever it is made of": {
			[]Thing{
				{Kind: Volume, ID: "v", Name: "data", Labels: made(render.LabelLease, dead)},
				{Kind: Network, ID: "n", Name: "net", Labels: made(render.LabelLease, dead)},
				container("web", made(render.LabelLease, dead)),
			}, Query{}, "orphan c1: web net data\n",
		},
		"a volume that shall outlive its pod stays": {
			[]Thing{{Kind: Volume, ID: "v", Name: "data", Labels: made(render.LabelLease, dead, render.LabelKeep, "volume")}}, Query{}, "",
		},
		"a local pod stays, whatever its labels say": {
			[]Thing{container("web", made(render.LabelLease, dead, render.LabelFront, render.FrontLocal))}, Query{}, "0 alive, 1 local\n",
		},
		"what cannot be judged is left alone": {
			[]Thing{container("web", made(render.LabelLease, "/run/dce/odd.lease"))}, Query{}, "left alone c1: web\n",
		},
		"what nobody's front has made is nothing to us": {
			[]Thing{container("a", made(render.LabelFront, "", render.LabelLease, dead)), container("b", made(render.LabelFront, "other", render.LabelLease, dead)), container("c", nil)},
			Query{},
			"",
		},
		"a forged pod id makes no orphan of the pod that has it": {
			[]Thing{container("web", made()), container("liar", made(render.LabelLease, dead))},
			Query{},
			"orphan c1: liar\n1 alive, 0 local\n",
		},
		"a label of a megabyte is nobody's": {
			[]Thing{container("web", made(render.LabelLease, dead+strings.Repeat("x", 1<<20)))}, Query{}, "left alone c1: web\n",
		},
		"a hook's container, which has no pod's label, goes with its pod": {
			[]Thing{container("web", made(render.LabelLease, dead)), container("hook", made(render.LabelLease, dead, render.LabelPod, ""))},
			Query{},
			"orphan c1: hook web\n",
		},
		"another executor is not meant": {
			[]Thing{container("web", made(render.LabelLease, dead))}, Query{Executor: "other"}, "",
		},
		"the same executor id of another framework is not meant": {
			[]Thing{container("web", made(render.LabelLease, dead)), container("two", made(render.LabelLease, dead, render.LabelFramework, "fw2"))},
			Query{Executor: "ex", Framework: "fw2"},
			"orphan c1: two\n",
		},
		"a living pod stays although its executor is named": {
			[]Thing{container("web", made())}, Query{Executor: "ex"}, "1 alive, 0 local\n",
		},
		"dce-go's pods are meant by their executor": {
			[]Thing{container("old", map[string]string{"taskId": "t", "executorId": "ex"}), container("web", made())},
			Query{Executor: "ex", Framework: "fw"},
			"orphan old: old\n1 alive, 0 local\n",
		},
		"dce-go's pods are not swept by themselves": {
			[]Thing{container("old", map[string]string{"taskId": "t", "executorId": "ex"})}, Query{}, "",
		},
		"dce-go's labels on a pod of dce make none of dce-go's": {
			[]Thing{container("web", made(render.LabelExecutorID, "victim"))}, Query{Executor: "victim"}, "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := Make(test.things, test.query, Evidence{Judge: by, Kept: never})
			if d := cmp.Diff(test.want, got.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestAFailedPodIsKeptForItsTime(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	things := []Thing{container("web", made(render.LabelLease, "/run/dce/dead.lease"))}
	for until, want := range map[time.Time]string{
		now.Add(time.Second):  "kept c1: web\n",
		now:                   "orphan c1: web\n",
		now.Add(-time.Second): "orphan c1: web\n",
	} {
		got := Make(things, Query{Now: now}, Evidence{Judge: by, Kept: func(Pod) time.Time { return until }})
		if got.String() != want {
			t.Errorf("kept until %s: %s", until, got)
		}
	}
}

// What a plan would remove is found by the labels of its owner: they must match
// what it names and nothing of a pod that is not in it.
func FuzzNothingOfALivingPodIsInAPlan(f *testing.F) {
	f.Add("mesos", "c1", "/run/dce/dead.lease", "ex", "fw", "42", uint8(0))
	f.Add("local", "c1", "/run/dce/c1.lease", "ex", "", "-1", uint8(1))
	f.Add("", "", "", "a\nb", "$(reboot)", "", uint8(2))
	f.Fuzz(func(t *testing.T, front, pod, lease, executor, framework, pid string, kind uint8) {
		forged := map[string]string{
			render.LabelFront: front, render.LabelPod: pod, render.LabelLease: lease, render.LabelExecutorID: executor,
			render.LabelExecutor: executor, render.LabelFramework: framework, render.LabelPID: pid,
		}
		living := made()
		things := []Thing{
			container("living", living), container("local", made(render.LabelFront, render.FrontLocal)),
			{Kind: Kind([]string{"container", "network", "volume"}[kind%3]), ID: "forged", Name: "forged", Labels: forged},
			container("forged-too", made(render.LabelLease, lease, render.LabelPID, pid)),
		}
		for _, q := range []Query{{}, {Executor: executor}, {Executor: "ex"}, {Executor: "ex", Framework: framework}} {
			plan := Make(things, q, Evidence{Judge: by, Kept: never})
			for _, p := range plan.Orphans {
				if p.Verdict.State != Gone || p.Owner.Front == render.FrontLocal {
					t.Errorf("an orphan that is none: %+v", p)
				}
				for _, thing := range p.Things {
					if !carries(thing.Labels, p.Carry()) {
						t.Errorf("%s is not found by %v", thing.Name, p.Carry())
					}
				}
				if carries(living, p.Carry()) && by(Pod{Owner: p.Owner}).State != Gone {
					t.Errorf("the living pod is found by %v", p.Carry())
				}
				if p.Things[0].Name == "living" || p.Things[0].Name == "local" {
					t.Errorf("%s is an orphan", p.Things[0].Name)
				}
			}
		}
	})
}

func carries(labels, wanted map[string]string) bool {
	for k, v := range wanted {
		if labels[k] != v {
			return false
		}
	}
	return true
}
