//go:build unix

package devcluster

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shown is what the tests read of an app.
type shown struct {
	App struct {
		ID              string
		Instances       int
		Version         string
		TasksRunning    int
		TasksHealthy    int
		TasksUnhealthy  int
		TasksStaged     int
		Deployments     []struct{ ID string }
		LastTaskFailure *struct{ Message, State, TaskID string }
		Tasks           []struct {
			ID, SlaveID, Host, State, Version string
			Ports                             []int
			HealthCheckResults                []struct {
				Alive               bool
				ConsecutiveFailures int
			}
		}
	}
}

func (s *stage) app(id string) shown {
	s.Helper()
	var got shown
	s.get("/v2/apps"+id, &got)

	return got
}

func TestAnAppIsDeployedAndRuns(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/shop/web", "run", `"instances":2`))
	s.settled()
	got := s.app("/shop/web").App
	if got.TasksRunning != 2 || len(got.Tasks) != 2 || len(got.Deployments) != 0 {
		t.Fatalf("after the deployment: %+v", got)
	}
	for _, task := range got.Tasks {
		if task.State != "TASK_RUNNING" || len(task.Ports) != 1 || task.Ports[0] < 31000 || task.Version != got.Version {
			t.Errorf("a task is %+v", task)
		}
	}
	s.want(http.StatusOK, http.MethodDelete, "/v2/apps/shop/web", "")
	s.settled()
	s.want(http.StatusNotFound, http.MethodGet, "/v2/apps/shop/web", "")
}

func TestAnUpgradeReplacesTheTasks(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusCreated, http.MethodPut, "/v2/apps/web", app("/web", "healthy", `"instances":2`, mesosHealth))
	s.settled()
	before := s.app("/web").App
	if before.TasksHealthy != 2 {
		t.Errorf("%d tasks are healthy, want 2", before.TasksHealthy)
	}
	s.want(http.StatusOK, http.MethodPut, "/v2/apps/web", `{"labels":{"release":"2"}}`)
	s.settled()
	after := s.app("/web").App
	for _, task := range after.Tasks {
		if task.Version != after.Version || task.Version == before.Version {
			t.Errorf("a task is of version %s, the app went from %s to %s", task.Version, before.Version, after.Version)
		}
	}

	// The same again changes nothing.
	s.want(http.StatusOK, http.MethodPut, "/v2/apps/web", `{"labels":{"release":"2"}}`)
	s.settled()
	if again := s.app("/web").App; again.Version != after.Version || again.Tasks[0].ID != after.Tasks[0].ID {
		t.Errorf("an update without a change made version %s of %s", again.Version, after.Version)
	}
}

func TestADeploymentThatCannotEndIsLockedAndRolledBack(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusCreated, http.MethodPut, "/v2/apps/web", app("/web", "healthy", mesosHealth))
	s.settled()
	first := s.app("/web").App
	s.want(http.StatusOK, http.MethodPut, "/v2/apps/web?partialUpdate=false", app("/web", "unhealthy", mesosHealth))
	s.until("the new task is known to be unhealthy", func() bool { return s.app("/web").App.TasksUnhealthy == 1 })
	if got := s.app("/web").App; got.TasksHealthy != 1 {
		t.Errorf("the old task was let go: %+v", got)
	}

	var refused struct {
		Message     string
		Deployments []struct{ ID string }
	}
	text := s.want(http.StatusConflict, http.MethodPut, "/v2/apps/web", `{"instances":3}`)
	if err := json.Unmarshal([]byte(text), &refused); err != nil || len(refused.Deployments) != 1 || !strings.HasPrefix(refused.Message, "App is locked by one or more deployments.") {
		t.Fatalf("refused with %s, %v", text, err)
	}
	s.want(http.StatusOK, http.MethodDelete, "/v2/deployments/"+refused.Deployments[0].ID, "")
	s.settled()
	if got := s.app("/web").App; got.TasksHealthy != 1 || len(got.Tasks) != 1 || got.Version == first.Version {
		t.Errorf("after the rollback: %+v", got)
	}
	s.want(http.StatusNotFound, http.MethodDelete, "/v2/deployments/"+refused.Deployments[0].ID, "")
}

func TestATaskThatFailsIsStartedAgainLater(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/web", "fail", `"backoffSeconds":3600`, `"maxLaunchDelaySeconds":3600`, mesosHealth))
	s.until("the task has failed", func() bool { return s.app("/web").App.LastTaskFailure != nil })
	failure := s.app("/web").App.LastTaskFailure
	if failure.Message != "the test wants it so" || failure.State != "TASK_FAILED" {
		t.Errorf("the failure is %+v", failure)
	}
	var queue struct {
		Queue []struct {
			Count int
			Delay struct {
				TimeLeftSeconds int
				Overdue         bool
			}
		}
	}
	s.get("/v2/queue", &queue)
	if len(queue.Queue) != 1 || queue.Queue[0].Delay.Overdue || queue.Queue[0].Delay.TimeLeftSeconds < 3000 {
		t.Fatalf("queue %+v", queue)
	}
	s.want(http.StatusNoContent, http.MethodDelete, "/v2/queue/web/delay", "")
	s.until("the task was started again, under the same instance id", func() bool {
		f := s.app("/web").App.LastTaskFailure

		return strings.HasSuffix(f.TaskID, "._app.2") && f.TaskID[:len(f.TaskID)-1] == failure.TaskID[:len(failure.TaskID)-1]
	})
}

func TestMarathonsOwnHealthChecksKillWhatIsSick(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/web", "run serve", httpHealth))
	s.settled()
	task := s.app("/web").App.Tasks[0]
	if len(task.HealthCheckResults) != 1 || !task.HealthCheckResults[0].Alive {
		t.Fatalf("a healthy task is %+v", task)
	}
	known, err := s.cluster.Agent().Executor(s.cluster.Marathon().FrameworkID(), "marathon-"+task.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(known.Directory, "sick"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.until("the task is replaced", func() bool {
		got := s.app("/web").App

		return got.LastTaskFailure != nil && got.TasksHealthy == 1 && got.Tasks[0].ID != task.ID
	})
	failure := s.app("/web").App.LastTaskFailure
	if !strings.HasPrefix(failure.Message, "Task was killed since health check failed. Reason: 500 Internal Server Error") {
		t.Errorf("the failure is %+v", failure)
	}
}

func TestATaskThatDoesNotStartIsKilled(t *testing.T) {
	t.Parallel()
	s := start(t, Options{LaunchTimeout: 1})
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/web", "stuck"))
	s.until("it was killed", func() bool {
		f := s.app("/web").App.LastTaskFailure

		return f != nil && f.State == "TASK_KILLED" && strings.Contains(f.Message, "task_launch_timeout")
	})
}

func TestTheLogsOfATaskAreFound(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/web", "run"))
	s.settled()
	task := s.app("/web").App.Tasks[0]

	// As a client does that knows only Marathon: its info names the master, that the agents, those the directories.
	var info struct {
		FrameworkID string
		Config      struct {
			URL string `json:"mesos_leader_ui_url"`
		} `json:"marathon_config"`
	}
	s.get("/v2/info", &info)
	var slaves struct {
		Slaves []struct {
			ID, PID, Hostname string
			Port              int
		}
	}
	s.fetch(info.Config.URL+"/slaves", &slaves)
	if len(slaves.Slaves) != 1 || slaves.Slaves[0].ID != task.SlaveID {
		t.Fatalf("slaves %+v, the task is on %s", slaves, task.SlaveID)
	}
	_, address, _ := strings.Cut(slaves.Slaves[0].PID, "@")
	var state struct {
		Frameworks []struct {
			ID        string
			Executors []struct{ ID, Directory string }
		}
	}
	s.fetch("http://"+address+"/state", &state)
	if len(state.Frameworks) != 1 || state.Frameworks[0].ID != info.FrameworkID || len(state.Frameworks[0].Executors) != 1 ||
		state.Frameworks[0].Executors[0].ID != "marathon-"+task.ID {
		t.Fatalf("state %+v", state)
	}
	path := state.Frameworks[0].Executors[0].Directory + "/stdout"
	s.until("the file has the executor's words", func() bool {
		var part struct{ Data string }
		s.fetch("http://"+address+"/files/read?offset=0&path="+url.QueryEscape(path), &part)

		return strings.Contains(part.Data, "launched "+task.ID+" run here")
	})
}

func (s *stage) fetch(address string, into any) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, address, nil)
	if err != nil {
		s.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		s.Fatalf("%s: %v", address, err)
	}
}

func TestTasksAreKilledOnRequest(t *testing.T) {
	t.Parallel()
	s := start(t, Options{})
	s.want(http.StatusCreated, http.MethodPost, "/v2/apps", app("/web", "run", `"instances":3`))
	s.settled()
	ids := func() []string {
		var list []string
		for _, task := range s.app("/web").App.Tasks {
			list = append(list, task.ID)
		}

		return list
	}
	first := ids()
	s.want(http.StatusBadRequest, http.MethodDelete, "/v2/apps/web/tasks?scale=true&wipe=true", "")
	s.want(http.StatusNotFound, http.MethodDelete, "/v2/apps/web/tasks/web.instance-x._app.1", "")

	s.want(http.StatusOK, http.MethodDelete, "/v2/apps/web/tasks/"+first[0], "")
	s.until("it was started again", func() bool {
		return s.app("/web").App.TasksRunning == 3 && !slices.Contains(ids(), first[0]) && slices.Contains(ids(), strings.TrimSuffix(first[0], "1")+"2")
	})
	s.want(http.StatusOK, http.MethodDelete, "/v2/apps/web/tasks/"+first[1]+"?scale=true", "")
	s.settled()
	if got := s.app("/web").App; got.Instances != 2 || slices.Contains(ids(), first[1]) || len(got.Tasks) != 2 {
		t.Errorf("after killing and scaling: %+v", got)
	}
	instance, _, _ := strings.Cut(first[2], "._app.")
	s.want(http.StatusOK, http.MethodPost, "/v2/tasks/delete?wipe=true", `{"ids":["`+first[2]+`"]}`)
	s.until("another instance has come", func() bool {
		return s.app("/web").App.TasksRunning == 2 && !slices.ContainsFunc(ids(), func(id string) bool { return strings.HasPrefix(id, instance) })
	})
}
