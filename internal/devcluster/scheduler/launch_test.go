package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFailuresAreBackedOff(t *testing.T) {
	w := newWorld(t)
	w.mustDeploy(web(`"backoffSeconds":10`, `"backoffFactor":2`, `"maxLaunchDelaySeconds":30`))
	var waits []time.Duration
	for _, state := range []string{"TASK_FAILED", "TASK_FINISHED", "TASK_LOST", "TASK_KILLED"} {
		w.status("a", "TASK_RUNNING")
		w.status("a", state)
		wait := w.s.LaunchDelay(w.now, w.s.App("/web"))
		waits = append(waits, wait)
		if wake := w.s.Wake(); wait > 0 && !wake.Equal(w.now.Add(wait)) {
			t.Errorf("it wakes at %s, want %s later than %s", wake, wait, w.now)
		}
		w.pass(wait)
	}
	if want := []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second, 0}; !slices.Equal(waits, want) {
		t.Errorf("waits %v, want %v", waits, want)
	}
	w.noted()
	w.status("a", "TASK_FAILED")
	if err := w.s.ResetDelay(w.now, "/web"); err != nil {
		t.Fatal(err)
	}
	w.take()
	if got := w.noted(); got != "launch a" {
		t.Errorf("after the delay was reset: %q", got)
	}
	if err := w.s.ResetDelay(w.now, "/none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("resetting the delay of nothing: %v", err)
	}
	w.status("a", "TASK_FAILED")
	w.mustDeploy(web(`"backoffSeconds":10`, `"cmd":"run it"`))
	if got := w.noted(); !strings.Contains(got, "launch b") {
		t.Errorf("a new version waits for the failures of the old: %q", got)
	}
}

func TestWhatDoesNotStartOrEndIsKilledAgain(t *testing.T) {
	w := newWorld(t)
	w.mustDeploy(web())
	w.noted()
	w.status("a", "TASK_STARTING")
	w.pass(299 * time.Second)
	if got := w.noted(); got != "" {
		t.Errorf("before its time: %s", got)
	}
	w.pass(time.Second)
	if got := w.noted(); got != "kill a" {
		t.Errorf("after 300 s: %q, want it killed", got)
	}
	w.now = w.now.Add(31 * time.Second)
	w.s.Tick(w.now)
	again := w.s.Effects()
	if len(again) != 1 || again[0].(Kill).TaskID == "" {
		t.Errorf("after 30 s more: %v, want it killed again", again)
	}
	w.status("a", "TASK_KILLED")
	if got := w.noted(); got != "launch a" {
		t.Errorf("after its end: %q, want it launched again", got)
	}
	if f := w.s.Failure("/web"); f == nil || !strings.Contains(f.Message, "task_launch_timeout of 5m0s") {
		t.Errorf("the failure is %+v", f)
	}
}

func TestOnlyAFewTasksEndAtOnce(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.MaxKills = 2 })
	w.mustDeploy(web(`"instances":4`))
	w.settle()
	w.noted()
	w.mustDeploy(web(`"instances":0`))
	if got := w.noted(); got != "kill d, kill c" {
		t.Errorf("at first: %s", got)
	}
	w.pass(time.Minute) // asked again, and still only those
	if got := w.noted(); got != "" {
		t.Errorf("while they end: %s", got)
	}
	w.status("d", "TASK_KILLED")
	if got := w.noted(); got != "kill b" {
		t.Errorf("when one has ended: %s", got)
	}
	w.settle()
	if got := w.noted(); got != "kill a, step_success, success" {
		t.Errorf("in the end: %s", got)
	}
}

func TestAnOfferMustFit(t *testing.T) {
	tests := map[string]struct{ more, want string }{
		"it fits":              {`"cpus":1`, ""},
		"too many cpus":        {`"cpus":2.1`, InsufficientCpus},
		"the executor's count": {`"cpus":2,"executorResources":{"cpus":0.1,"mem":32,"disk":10}`, InsufficientCpus},
		"too much memory":      {`"mem":1001`, InsufficientMemory},
		"too much disk":        {`"disk":1001`, InsufficientDisk},
		"too many ports":       {`"portDefinitions":[{"name":"a"},{"name":"b"},{"name":"c"}]`, InsufficientPorts},
		"a port out of range":  {`"portDefinitions":[{"port":80}],"requirePorts":true`, InsufficientPorts},
		"a port of its own":    {`"portDefinitions":[{"port":31001}],"requirePorts":true`, ""},
		"another role":         {`"acceptedResourceRoles":["prod"]`, UnfulfilledRole},
		"another host":         {`"constraints":[["hostname","IS","elsewhere"]]`, UnfulfilledConstraint},
		"not this host":        {`"constraints":[["hostname","UNLIKE","agent.*"]]`, UnfulfilledConstraint},
		"this host":            {`"constraints":[["hostname","LIKE","agent.*"],["hostname","CLUSTER","agent.example"]]`, ""},
		"an attribute":         {`"constraints":[["rack","GROUP_BY"]]`, UnfulfilledConstraint},
	}
	for name, test := range tests {
		w := newWorld(t, func(o *Options) {
			o.Agent.CPUs, o.Agent.Mem, o.Agent.Disk, o.Agent.Ports = 2, 1000, 1000, [2]int{31000, 31001}
		})
		w.mustDeploy(strings.Replace(web(), `"cpus":0.1,"mem":32,"portDefinitions":[]`, test.more, 1))
		_, q, waits := w.s.Queue("/web")
		if waits != (test.want != "") || q.LastReason != test.want {
			t.Errorf("%s: waits %v for %q, want %q", name, waits, q.LastReason, test.want)
		}
	}
}

func TestResourcesAndPortsComeBack(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Agent.Ports = [2]int{31000, 31002} })
	w.mustDeploy(`{"id":"/web","cmd":"run","cpus":40,"mem":32,"instances":2}`)
	w.settle()
	w.mustDeploy(`{"id":"/other","cmd":"run","cpus":40,"mem":32}`)
	if _, q, waits := w.s.Queue("/other"); !waits || q.LastReason != InsufficientCpus {
		t.Fatalf("a third of 40 cpus on 100: waits %v, %q", waits, q.LastReason)
	}
	w.noted()
	w.mustDeploy(`{"id":"/web","cmd":"run","cpus":40,"mem":32,"instances":1}`)
	w.settle()
	if got, want := w.noted(), "kill b, step_success, success, launch c, step_success, success"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	ports := map[int]bool{}
	for _, i := range w.s.Instances("") {
		for _, p := range i.Ports {
			if ports[p] {
				t.Errorf("port %d is given twice", p)
			}
			ports[p] = true
		}
	}
	if len(ports) != 2 {
		t.Errorf("ports %v", ports)
	}
}

func TestPortsThatOthersUseAreNotGiven(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.PortFree = func(port int) bool { return port != 31000 } })
	w.mustDeploy(`{"id":"/web","cmd":"run","cpus":1,"portDefinitions":[{"name":"a"},{"name":"b","port":8080}]}`)
	if got := w.s.Instances("/web")[0].Ports; !slices.Equal(got, []int{31001, 31002}) {
		t.Errorf("ports %v", got)
	}
	if got := w.s.App("/web").ServicePorts(); !slices.Equal(got, []int{10000, 8080}) {
		t.Errorf("service ports %v", got)
	}
	// A service port that was given stays, also when the definition is sent again without it.
	version := w.s.App("/web").Version
	w.settle()
	w.mustDeploy(`{"id":"/web","cmd":"run","cpus":1,"portDefinitions":[{"name":"a"},{"name":"b","port":8080}]}`)
	if got := w.s.App("/web"); got.Version != version || !slices.Equal(got.ServicePorts(), []int{10000, 8080}) {
		t.Errorf("the same again: version %s, ports %v", got.Version, got.ServicePorts())
	}
	w.mustDeploy(`{"id":"/other","cmd":"run"}`)
	if got := w.s.App("/other").ServicePorts(); !slices.Equal(got, []int{10001}) {
		t.Errorf("the next app's service port %v", got)
	}
}

func TestHealthChecksOfMarathonCountFailures(t *testing.T) {
	w := newWorld(t)
	w.mustDeploy(`{"id":"/web","cmd":"run","cpus":1,"healthChecks":[{"gracePeriodSeconds":60,"maxConsecutiveFailures":2,"path":"/health?deep=1"}]}`)
	w.status("a", "TASK_RUNNING")
	probes := w.s.Probes()
	if len(probes) != 1 || fmt.Sprintf("%s %d %s %s", probes[0].Host, probes[0].Port, probes[0].Path, probes[0].Interval) != "127.0.0.1 31000 /health?deep=1 1m0s" {
		t.Fatalf("probes %+v", probes)
	}
	probe := func(ok bool) string {
		w.s.Probed(w.now, probes[0], ok, "500 Internal Server Error")
		w.take()
		word := "unknown"
		if healthy := w.s.Instances("/web")[0].Healthy(); healthy != nil {
			word = map[bool]string{true: "healthy", false: "unhealthy"}[*healthy]
		}

		return strings.TrimSuffix(word+", "+w.noted(), ", ")
	}
	w.noted()
	for n, test := range []struct {
		wait time.Duration
		ok   bool
		want string
	}{
		{0, false, "unknown"}, // the grace period
		{30 * time.Second, true, "healthy, step_success, success"},
		{0, false, "unhealthy"}, // no grace once it was healthy
		{0, true, "healthy"},
		{0, false, "unhealthy"},
		{0, false, "unhealthy, kill a"},
		{0, true, "unhealthy"}, // too late
	} {
		w.now = w.now.Add(test.wait)
		if got := probe(test.ok); got != test.want {
			t.Errorf("probe %d: %s, want %s", n, got, test.want)
		}
	}
	if left := w.s.Probes(); len(left) != 0 {
		t.Errorf("what is killed is probed: %v", left)
	}
	w.status("a", "TASK_KILLED")
	if f := w.s.Failure("/web"); f == nil || f.Message != "Task was killed since health check failed. Reason: 500 Internal Server Error" {
		t.Errorf("the failure is %+v", f)
	}
}

func TestADeploymentWaitsForReadiness(t *testing.T) {
	w := newWorld(t)
	w.mustDeploy(`{"id":"/web","cmd":"run","cpus":1,"portDefinitions":[{"name":"http"}],"readinessChecks":[{"portName":"http","path":"/ready"}]}`)
	w.status("a", "TASK_RUNNING")
	w.noted()
	probes := w.s.Probes()
	if len(probes) != 1 || !probes[0].Readiness || probes[0].Port != 31000 {
		t.Fatalf("probes %+v", probes)
	}
	w.s.Probed(w.now, probes[0], false, "503")
	w.take()
	if got := w.noted(); got != "" {
		t.Errorf("not ready: %s", got)
	}
	w.s.Probed(w.now, probes[0], true, "")
	w.take()
	if got := w.noted(); got != "step_success, success" || len(w.s.Probes()) != 0 {
		t.Errorf("ready: %s, probes %v", got, w.s.Probes())
	}
}

func TestATaskThatNobodyWantsIsKilled(t *testing.T) {
	w := newWorld(t)
	w.s.Status(w.now, TaskStatus{TaskID: "web.instance-x._app.1", State: "TASK_RUNNING"})
	effects := w.s.Effects()
	if len(effects) != 1 || effects[0].(Kill).TaskID != "web.instance-x._app.1" {
		t.Errorf("effects %v", effects)
	}
	w.s.Status(w.now, TaskStatus{TaskID: "web.instance-x._app.1", State: "TASK_KILLED"})
	effects = w.s.Effects()
	if len(effects) != 1 || effects[0].(Tell).Type != "unknown_instance_terminated_event" {
		t.Errorf("effects %v", effects)
	}
}

func TestOnlyNewsIsTold(t *testing.T) {
	w := newWorld(t)
	w.mustDeploy(web(mesosCheck))
	task := w.s.Instances("/web")[0].TaskID()
	tell := func(healthy *bool) (kinds string) {
		w.s.Status(w.now, TaskStatus{TaskID: task, State: "TASK_RUNNING", Healthy: healthy})
		for _, e := range w.s.Effects() {
			if tell, ok := e.(Tell); ok && !strings.HasPrefix(tell.Type, "deployment") {
				kinds += " " + tell.Type
			}
		}

		return kinds
	}
	yes, no := true, false
	for n, test := range []struct {
		healthy *bool
		want    string
	}{
		{nil, " status_update_event instance_changed_event"},
		{nil, ""},
		{&no, " status_update_event instance_changed_event instance_health_changed_event"},
		{&no, ""}, // a second healthy=false is ignored: the executor must end the task itself
		{&yes, " status_update_event instance_changed_event instance_health_changed_event"},
	} {
		if got := tell(test.healthy); got != test.want {
			t.Errorf("update %d: told%s, want%s", n, got, test.want)
		}
	}
}
