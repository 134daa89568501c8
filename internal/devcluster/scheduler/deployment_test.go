package scheduler

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestARollingUpgradeKeepsWithinItsStrategy(t *testing.T) {
	tests := map[string]struct {
		instances       int
		minimum, over   float64
		want            string
		most, leastBusy int // instances alive, and serving, at any time
	}{
		"twice as many for a while": {
			2, 1, 1,
			"launch c, launch d, kill b, kill a, step_success, success", 4, 2,
		},
		"one more at a time": {
			2, 1, 0.5,
			"launch c, kill b, launch d, kill a, step_success, success", 3, 2,
		},
		"no more allowed, and no fewer: one more all the same": {
			2, 1, 0,
			"launch c, kill b, launch d, kill a, step_success, success", 3, 2,
		},
		"half of them first": {
			4, 0.5, 0,
			"kill d, kill c, launch e, launch f, kill b, launch g, kill a, launch h, step_success, success", 4, 2,
		},
		"all of them first": {
			2, 0, 0,
			"kill b, kill a, launch c, launch d, step_success, success", 2, 0,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			strategy := fmt.Sprintf(`"instances":%d,"upgradeStrategy":{"minimumHealthCapacity":%v,"maximumOverCapacity":%v}`, test.instances, test.minimum, test.over)
			w.mustDeploy(web(strategy, mesosCheck))
			w.settle()
			w.noted()
			w.mustDeploy(web(strategy, mesosCheck, `"labels":{"release":"2"}`))
			for more := true; more; more = w.obey() {
				alive, serving := len(w.tasks), len(w.s.of("/web", served))
				if alive > test.most || serving < test.leastBusy {
					t.Errorf("%d alive (at most %d), %d serving (at least %d)", alive, test.most, serving, test.leastBusy)
				}
			}
			if got := w.noted(); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
			for _, i := range w.s.Instances("/web") {
				if i.App.Labels["release"] != "2" {
					t.Errorf("%s is of before", i.ID)
				}
			}
		})
	}
}

func TestALonelyAppIsNeverTwice(t *testing.T) {
	w := newWorld(t)
	lonely := `"labels":{"MARATHON_SINGLE_INSTANCE_APP":"true"}`
	w.mustDeploy(web(lonely))
	w.settle()
	w.noted()
	w.mustDeploy(web(lonely, `"env":{"A":"1"}`))
	w.settle()
	if got, want := w.noted(), "kill a, launch b, step_success, success"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestAnUpgradeWaitsForHealthForEver(t *testing.T) {
	w := newWorld(t)
	w.mustDeploy(web(mesosCheck))
	w.settle()
	d := w.mustDeploy(web(mesosCheck, `"labels":{"release":"2"}`))
	w.noted()
	w.status("b", "TASK_RUNNING", false)
	w.pass(time.Hour)
	if got := w.noted(); got != "" || len(w.s.Deployments()) != 1 {
		t.Fatalf("with an unhealthy task: %q, %d deployments", got, len(w.s.Deployments()))
	}

	w.status("b", "TASK_FAILED")
	w.pass(time.Minute)
	if got := w.noted(); got != "launch b" {
		t.Errorf("after it failed: %q, want it launched again", got)
	}
	if f := w.s.Failure("/web"); f == nil || f.State != "TASK_FAILED" {
		t.Errorf("the failure is %+v", f)
	}

	back, err := w.s.RevertDeployment(w.now, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.take()
	w.settle()
	if got, want := w.noted(), "failed, kill b, step_success, success"; !strings.HasPrefix(got, "failed, ") || !strings.HasSuffix(got, "success") {
		t.Errorf("taking it back: %s, want something like %s", got, want)
	}
	if app := w.s.App("/web"); app.Labels["release"] != "" || app.Version != back.Version {
		t.Errorf("after taking it back: %+v", app)
	}
}

func TestWhatIsBeingDeployedIsLocked(t *testing.T) {
	w := newWorld(t)
	first := w.mustDeploy(web(`"instances":1`))
	_, err := w.deploy(web(`"instances":2`))
	var locked *LockedError
	if !errors.As(err, &locked) || !cmp.Equal(locked.Deployments, []string{first.ID}) {
		t.Fatalf("a second deployment: %v", err)
	}
	if w.s.App("/web").Instances != 1 {
		t.Errorf("what was refused is wanted")
	}
	w.mustDeploy(`{"id":"/other","cmd":"run"}`) // is in nobody's way
	w.noted()
	if _, err = w.deploy(web(`"instances":2`), true); err != nil {
		t.Fatalf("by force: %v", err)
	}
	w.settle()
	if got := w.noted(); !strings.HasPrefix(got, "failed, ") {
		t.Errorf("by force: %s, want the first to fail", got)
	}
	if len(w.s.of("/web", served)) != 2 {
		t.Errorf("%d serve, want 2", len(w.s.of("/web", served)))
	}

	second := w.mustDeploy(web(`"instances":3`))
	if err := w.s.CancelDeployment(w.now, second.ID); err != nil {
		t.Fatal(err)
	}
	w.take()
	if len(w.s.Deployments()) != 0 || w.s.App("/web").Instances != 3 {
		t.Error("a deployment that was cancelled must leave what is wanted as it is")
	}
	if err := w.s.CancelDeployment(w.now, second.ID); !errors.Is(err, ErrNotFound) || err.Error() != "DeploymentPlan "+second.ID+" does not exist" {
		t.Errorf("cancelling it again: %v", err)
	}
}

func TestScalingTakesTheYoungestUnlessTold(t *testing.T) {
	for name, test := range map[string]struct{ selection, want string }{
		"the youngest": {"YOUNGEST_FIRST", "kill c, kill b, step_success, success"},
		"the oldest":   {"OLDEST_FIRST", "kill a, kill b, step_success, success"},
	} {
		w := newWorld(t)
		selection := `"killSelection":"` + test.selection + `"`
		for n := 1; n <= 3; n++ {
			w.mustDeploy(web(selection, fmt.Sprintf(`"instances":%d`, n)))
			w.settle()
		}
		w.noted()
		w.mustDeploy(web(selection, `"instances":1`))
		w.settle()
		if got := w.noted(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestVersionsTellConfigurationFromScale(t *testing.T) {
	w := newWorld(t)
	w.mustDeploy(web())
	w.settle()
	first := w.s.App("/web")
	w.mustDeploy(web(`"instances":2`))
	w.settle()
	scaled := w.s.App("/web")
	if scaled.Version == first.Version || scaled.ConfigVersion() != first.ConfigVersion() || scaled.VersionInfo.LastScalingAt != scaled.Version {
		t.Errorf("scaled: %s %+v, before %s", scaled.Version, scaled.VersionInfo, first.Version)
	}
	w.noted()
	w.mustDeploy(web(`"instances":2`, `"executorResources":{"cpus":0.1,"mem":32,"disk":10}`))
	if got := w.s.App("/web"); got.Version != scaled.Version || got.ExecutorResources == nil {
		t.Errorf("with other executor resources: version %s, want %s and the resources", got.Version, scaled.Version)
	}
	if got := w.noted(); got != "success" {
		t.Errorf("with other executor resources: %s, want nothing to be restarted", got)
	}

	// A restart replaces all although nothing differs.
	_, err := w.s.Deploy(w.now, func(root Root) (Root, error) { return root.With(root.Apps["/web"].Restarting()), nil }, DeployOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.take()
	w.settle()
	if got, want := w.noted(), "launch c, launch d, kill b, kill a, step_success, success"; got != want {
		t.Errorf("restarting: %s, want %s", got, want)
	}
	if n := len(w.s.Versions("/web")); n != 3 {
		t.Errorf("%d versions are known, want 3", n)
	}
}

func TestAPlanFollowsDependencies(t *testing.T) {
	w := newWorld(t)
	plan := func(body string) string {
		t.Helper()
		steps, err := w.s.Plan(w.now, func(root Root) (Root, error) { return GroupUpdate(root, "/shop", []byte(body), w.s.RootOf) })
		if err != nil {
			return err.Error()
		}
		var lines []string
		for _, step := range steps {
			var actions []string
			for _, a := range step.Actions {
				actions = append(actions, strings.TrimSuffix(a.Action, "Application")+" "+a.App)
			}
			lines = append(lines, strings.Join(actions, " + "))
		}

		return strings.Join(lines, ", ")
	}
	tests := []struct{ name, body, want string }{
		{
			"new apps", `{"apps":[{"id":"web","cmd":"run","dependencies":["db"]},{"id":"db","cmd":"run"}]}`,
			"Start /shop/db + Start /shop/web, Scale /shop/db, Scale /shop/web",
		},
		{
			"groups depend too", `{"groups":[{"id":"front","dependencies":["/shop/back"],"apps":[{"id":"a","cmd":"run"}]},{"id":"back","apps":[{"id":"b","cmd":"run"}]}]}`,
			"Start /shop/back/b + Start /shop/front/a, Scale /shop/back/b, Scale /shop/front/a",
		},
		{"in a circle", `{"apps":[{"id":"a","cmd":"run","dependencies":["b"]},{"id":"b","cmd":"run","dependencies":["a"]}]}`, "Object is not valid"},
		{"an id that is not below", `{"apps":[{"id":"/elsewhere/a","cmd":"run"}]}`, "Object is not valid"},
	}
	for _, test := range tests {
		if got := plan(test.body); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if len(w.s.Root().Apps) != 0 {
		t.Error("a plan changed something")
	}

	change := func(body string) {
		t.Helper()
		if _, err := w.s.Deploy(w.now, func(root Root) (Root, error) { return GroupUpdate(root, "/shop", []byte(body), w.s.RootOf) }, DeployOptions{}); err != nil {
			t.Fatal(err)
		}
		w.take()
		w.settle()
	}
	change(tests[0].body)
	first := w.s.Root().Version
	if got, want := plan(`{"apps":[{"id":"web","cmd":"run it","dependencies":["db"]}]}`), "Stop /shop/db, Restart /shop/web"; got != want {
		t.Errorf("a changed group: %s, want %s", got, want)
	}
	if got, want := plan(`{"scaleBy":2}`), "Scale /shop/db, Scale /shop/web"; got != want {
		t.Errorf("a scaled group: %s, want %s", got, want)
	}
	change(`{"apps":[{"id":"web","cmd":"run it","instances":0}]}`)
	if got, want := plan(`{"version":"`+first.String()+`"}`), "Start /shop/db, Scale /shop/db, Restart /shop/web"; got != want {
		t.Errorf("a group of before: %s, want %s", got, want)
	}
	if got := plan(`{"version":"2001-01-01T00:00:00.000Z"}`); got != "Group '/shop' does not exist" {
		t.Errorf("a version that never was: %s", got)
	}
}
