//go:build unix

package devcluster

import (
	"net/http"
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
		TasksStaged     int
		PortDefinitions []struct{ Port int }
		Deployments     []struct{ ID string }
		LastTaskFailure *struct{ Message, State string }
		Tasks           []struct {
			ID, SlaveID, Host, State, Version string
			Ports                             []int
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
