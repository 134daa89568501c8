//go:build unix

package devcluster

import (
	"errors"
	"maps"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	gomarathon "github.com/gambol99/go-marathon"
)

// The client of these tests was written by strangers for the real Marathon: what it can do with the stand-in, other
// tools can.

const patience = 2 * time.Minute

func stranger(t *testing.T, s *stage, change ...func(*gomarathon.Config)) gomarathon.Marathon {
	t.Helper()
	config := gomarathon.NewDefaultConfig()
	config.URL = s.cluster.URL()
	config.EventsTransport = gomarathon.EventsTransportSSE
	config.PollingWaitTime = 20 * time.Millisecond
	config.HTTPClient = &http.Client{} // a listener to events changes it, and by default it is everybody's
	for _, c := range change {
		c(&config)
	}
	client, err := gomarathon.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}

	return client
}

func strangersApp(t *testing.T, id, words string) *gomarathon.Application {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	app := gomarathon.NewDockerApplication().Name(id).Command("run").CPU(0.1).Memory(32).Count(2)
	app.Container, app.Executor = nil, &self
	app.AddEnv("TEST_EXECUTOR", words).AddEnv("GORACE", "atexit_sleep_ms=0").AddLabel("team", "shop")

	return app
}

func TestAStrangersClientDeploysScalesAndDeletes(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	client := stranger(t, s)
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}

	events, err := client.AddEventsListener(gomarathon.EventIDApplications | gomarathon.EventIDDeploymentSuccess | gomarathon.EventIDDeploymentInfo)
	must("listening", err)
	seen := make(chan map[string]int)
	go collect(events, seen)

	created, err := client.CreateApplication(strangersApp(t, "/shop/web", "healthy"))
	must("creating", err)
	if got := created.DeploymentIDs(); len(got) != 1 {
		t.Fatalf("deployments of the new app: %v", got)
	}
	must("waiting for the app", client.WaitOnApplication("/shop/web", patience))
	must("waiting for the deployment", client.WaitOnDeployment(created.DeploymentIDs()[0].DeploymentID, patience))
	tasks, err := client.Tasks("/shop/web")
	must("listing tasks", err)
	if len(tasks.Tasks) != 2 {
		t.Errorf("%d tasks", len(tasks.Tasks))
	}

	// update: another label, so that all are replaced
	before, err := client.Application("/shop/web")
	must("reading", err)
	changed := strangersApp(t, "/shop/web", "healthy").AddLabel("release", "2")
	id, err := client.UpdateApplication(changed, false)
	must("updating", err)
	must("waiting for the update", client.WaitOnDeployment(id.DeploymentID, patience))
	after, err := client.Application("/shop/web")
	must("reading again", err)
	if before.Version == after.Version || (*after.Labels)["release"] != "2" {
		t.Errorf("version %s then %s, labels %v", before.Version, after.Version, after.Labels)
	}

	versions, err := client.ApplicationVersions("/shop/web")
	must("listing versions", err)
	if want := []string{after.Version, before.Version}; !slices.Equal(versions.Versions, want) {
		t.Errorf("versions %v, want %v", versions.Versions, want)
	}
	id, err = client.SetApplicationVersion("/shop/web", &gomarathon.ApplicationVersion{Version: before.Version})
	must("rolling back", err)
	must("waiting for the rollback", client.WaitOnDeployment(id.DeploymentID, patience))

	id, err = client.ScaleApplicationInstances("/shop/web", 3, false)
	must("scaling", err)
	must("waiting for the scale", client.WaitOnDeployment(id.DeploymentID, patience))
	if tasks, err = client.Tasks("/shop/web"); err != nil || len(tasks.Tasks) != 3 {
		t.Errorf("after scaling: %+v, %v", tasks, err)
	}
	// KillTask takes a task id apart as it was before Marathon 1.8.
	must("killing a task", client.KillTasks([]string{tasks.Tasks[0].ID}, &gomarathon.KillTaskOpts{Scale: true}))
	id, err = client.RestartApplication("/shop/web", true)
	must("restarting", err)
	must("waiting for the restart", client.WaitOnDeployment(id.DeploymentID, patience))

	names, err := client.ListApplications(nil)
	must("listing", err)
	if !slices.Equal(names, []string{"/shop/web"}) {
		t.Errorf("apps %v", names)
	}
	id, err = client.DeleteApplication("/shop/web", false)
	must("deleting", err)
	must("waiting for the end", client.WaitOnDeployment(id.DeploymentID, patience))

	s.until("the events of it all have come", func() bool {
		got := <-seen
		return got["deployment_success"] >= 6 && got["status_update_event"] >= 10 && got["app_terminated_event"] == 1
	})
	client.RemoveEventsListener(events)
}

// collect counts events by their names and hands the counts to who asks.
func collect(events gomarathon.EventsChannel, seen chan<- map[string]int) {
	counts := map[string]int{}
	for {
		snapshot := maps.Clone(counts)
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			counts[e.Name]++
		case seen <- snapshot:
		}
	}
}

func TestAStrangersClientReadsTheRest(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	client := stranger(t, s)
	if ok, err := client.Ping(); !ok || err != nil {
		t.Errorf("ping: %v, %v", ok, err)
	}
	info, err := client.Info()
	if err != nil || info.Version != "1.10.26" || info.FrameworkID == "" {
		t.Errorf("info %+v, %v", info, err)
	}
	if leader, err := client.Leader(); err != nil || "http://"+leader != s.cluster.URL() {
		t.Errorf("leader %q, %v", leader, err)
	}
	group := gomarathon.NewApplicationGroup("shop")
	group.App(strangersApp(t, "/shop/web", "run")).App(strangersApp(t, "/shop/db", "run"))
	if err := client.CreateGroup(group); err != nil {
		t.Fatalf("creating a group: %v", err)
	}
	if err := client.WaitOnGroup("/shop", patience); err != nil {
		t.Errorf("waiting for a group: %v", err)
	}
	if known, err := client.Group("/shop"); err != nil || len(known.Apps) != 2 {
		t.Errorf("group %+v, %v", known, err)
	}
	too := strangersApp(t, "/big", "run").CPU(1000)
	if _, err := client.CreateApplication(too); err != nil {
		t.Fatal(err)
	}
	queue, err := client.Queue()
	if err != nil || len(queue.Items) != 1 || queue.Items[0].Application.ID != "/big" || !queue.Items[0].Delay.Overdue {
		t.Errorf("queue %+v, %v", queue, err)
	}
	if err := client.DeleteQueueDelay("/big"); err != nil {
		t.Errorf("resetting a delay: %v", err)
	}
	_, err = client.CreateApplication(too)
	wantCode(t, "an app that exists", err, gomarathon.ErrCodeDuplicateID)
	_, err = client.UpdateApplication(too.CPU(1), false)
	wantCode(t, "an app that is being deployed", err, gomarathon.ErrCodeAppLocked)
	_, err = client.CreateApplication(strangersApp(t, "/Bad_Name", "run"))
	wantCode(t, "an app with a bad name", err, gomarathon.ErrCodeInvalidBean)
	_, err = client.Application("/none")
	wantCode(t, "an app that is not there", err, gomarathon.ErrCodeNotFound)
}

// wantCode insists on what the client makes of a refusal.
func wantCode(t *testing.T, what string, err error, code int) {
	t.Helper()
	if refused, ok := errors.AsType[*gomarathon.APIError](err); !ok || refused.ErrCode != code {
		t.Errorf("%s: %v, want code %d", what, err, code)
	}
}
