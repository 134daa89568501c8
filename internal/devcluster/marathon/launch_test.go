package marathon

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/devcluster/scheduler"
)

// built is what an app of this definition is launched as, with these host ports.
func built(t *testing.T, body string, ports ...int) (mesos.ExecutorInfo, mesos.TaskInfo) {
	t.Helper()
	app, err := scheduler.NewApp([]byte(body), "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.Start(t.Context(), agent.Options{WorkDir: t.TempDir(), Hostname: "agent.example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Stop(t.Context()) }) // nothing runs on it

	return taskOf(scheduler.Launch{
		App: app, Instance: scheduler.Instance{ID: "shop_web.instance-1", AppID: app.ID, App: app, Incarnation: 2, Ports: ports},
	}, Options{Agent: a})
}

// What Marathon builds of an app with a custom executor (mesos/TaskBuilderTest.scala, BuildIfMatchesWithCommandAndExecutor
// and WithExecutorResources).
func TestATaskIsBuiltAsMarathonBuildsIt(t *testing.T) {
	executor, task := built(t, `{"id":"/shop/web","executor":"./dce","cmd":"executor --log-level debug","cpus":0.5,"mem":256,
		"executorResources":{"cpus":0.1,"mem":32,"disk":10},"labels":{"fileName":"docker-compose.yml"},
		"fetch":[{"uri":"https://repo/dce","executable":true,"extract":false,"cache":true},{"uri":"https://repo/web.tar.gz","destPath":"app/web.tar.gz"}],
		"portDefinitions":[{"port":8080,"name":"http-api","labels":{"VIP":"1"}},{"port":8081,"protocol":"udp,tcp","name":"dns"},{"port":0}],
		"healthChecks":[{"protocol":"HTTP"},{"protocol":"MESOS_HTTP","path":"/health","portIndex":1,"maxConsecutiveFailures":5}],
		"taskKillGracePeriodSeconds":30,"user":"shop"}`, 31005, 31006, 31009)

	if got, want := executor.Command.GetValue(), "chmod ug+rx './dce' && exec './dce' executor --log-level debug"; got != want {
		t.Errorf("the line is %s, want %s", got, want)
	}
	if got := executor.ExecutorID.Value + " " + task.TaskID.Value + " " + task.Name; got != "marathon-shop_web.instance-1._app.2 shop_web.instance-1._app.2 web.shop" {
		t.Errorf("ids and name: %s", got)
	}
	if !executor.Command.GetShell() || executor.Command.GetUser() != "shop" || task.Command != nil || task.Data != nil {
		t.Errorf("command %+v, task %+v", executor.Command, task)
	}
	if got, want := resourceText(executor.Resources), "cpus 0.1, mem 32, disk 10"; got != want {
		t.Errorf("the executor's resources: %s, want %s", got, want)
	}
	if got, want := resourceText(task.Resources), "cpus 0.5, mem 256, ports 31005-31006 31009-31009"; got != want {
		t.Errorf("the task's resources: %s, want %s", got, want)
	}
	if got := task.KillPolicy.GracePeriod.Nanoseconds; got != 30e9 {
		t.Errorf("grace %d ns", got)
	}
	var ports []string
	for _, p := range task.Discovery.Ports.Ports {
		ports = append(ports, fmt.Sprintf("%s %d/%s", p.GetName(), p.Number, p.GetProtocol()))
	}
	if want := []string{"http-api 31005/tcp", "dns 31006/udp", "dns 31006/tcp", " 31009/tcp"}; !slices.Equal(ports, want) || task.Discovery.GetName() != "web.shop" {
		t.Errorf("discovery %s: %q, want %q", task.Discovery.GetName(), ports, want)
	}
	h := task.HealthCheck
	if h.Type != mesos.HealthCheck_HTTP || h.HTTP.Port != 31006 || h.HTTP.GetPath() != "/health" || h.HTTP.GetScheme() != "http" || h.GetConsecutiveFailures() != 5 {
		t.Errorf("the health check is %+v", h)
	}
	uris, err := json.Marshal(executor.Command.URIs)
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"value":"https://repo/dce","executable":true,"extract":false,"cache":true},{"value":"https://repo/web.tar.gz","executable":false,"extract":true,"cache":false,"output_file":"app/web.tar.gz"}]`; string(uris) != want {
		t.Errorf("URIs %s\nwant %s", uris, want)
	}
}

func resourceText(resources []mesos.Resource) string {
	var list []string
	for _, r := range resources {
		text := r.Name
		if r.Scalar != nil {
			text += fmt.Sprintf(" %v", r.Scalar.Value)
		}
		for _, span := range r.GetRanges().GetRange() {
			text += fmt.Sprintf(" %d-%d", span.Begin, span.End)
		}
		list = append(list, text)
	}

	return strings.Join(list, ", ")
}

func TestAnExecutorsEnvironmentIsThatOfMarathon(t *testing.T) {
	long := strings.Repeat("x", 512)
	executor, _ := built(t, `{"id":"/shop/web","cmd":"run","cpus":0.5,"mem":256,"labels":{"a-b":"1","big":"`+long+`"},
		"env":{"HOST":"mine","A":"1","KEY":{"secret":"s"}},"secrets":{"s":{"source":"shop/key"}},"portDefinitions":[{"port":8080,"name":"http-api"},{"port":8081}]}`, 31005, 31006)
	got := map[string]string{}
	for _, v := range executor.Command.Environment.Variables {
		got[v.Name] = v.GetValue() + v.GetSecret().GetReference().GetName()
	}
	want := map[string]string{
		"MESOS_TASK_ID": "shop_web.instance-1._app.2", "MARATHON_APP_ID": "/shop/web", "MARATHON_APP_VERSION": "0001-01-01T00:00:00.000Z",
		"MARATHON_APP_RESOURCE_CPUS": "0.5", "MARATHON_APP_RESOURCE_MEM": "256.0", "MARATHON_APP_RESOURCE_DISK": "0.0",
		"MARATHON_APP_RESOURCE_GPUS": "0", "MARATHON_APP_ENFORCE_GROUP_ROLE": "FALSE",
		"MARATHON_APP_LABELS": "A_B", "MARATHON_APP_LABEL_A_B": "1",
		"HOST": "mine", "A": "1", // the app's own win
		"KEY":   "shop/key", // for the agent to resolve
		"PORT0": "31005", "PORT1": "31006", "PORT": "31005", "PORTS": "31005,31006",
		"PORT_8080": "31005", "PORT_8081": "31006", "PORT_HTTP_API": "31005",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestLabelsAreSelected(t *testing.T) {
	labels := map[string]string{"team": "shop", "stage": "qa"}
	for text, want := range map[string]bool{
		"": true, "team": true, "other": false, "team==shop": true, "team!=shop": false, "team == shop, stage==qa": true,
		"team in (a, shop)": true, "team notin (a, b)": true, "stage in (prod)": false, "other!=x": false,
	} {
		s, err := parseSelector(text)
		if err != nil || s.match(labels) != want {
			t.Errorf("%q: %v, %v, want %v", text, s, err, want)
		}
	}
	for _, text := range []string{"team==", "==x", "team in shop", "a b"} {
		if _, err := parseSelector(text); err == nil || !strings.HasPrefix(err.Error(), "Can not parse label selector "+text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
