package devcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// App is one app of a cluster as Look shows it.
type App struct {
	ID         string `json:"id"`
	Instances  int    `json:"instances"`
	Running    int    `json:"running"`
	Healthy    int    `json:"healthy"`
	Unhealthy  int    `json:"unhealthy"`
	Deploying  bool   `json:"deploying"`
	LastReason string `json:"last_failure,omitempty"`
	Tasks      []Task `json:"tasks"`
}

// Task is one task of an App.
type Task struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Host  string `json:"host"`
	Ports []int  `json:"ports"`
}

// Look asks a cluster for its apps.
func Look(ctx context.Context, r Record) ([]App, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	const path = "/v2/apps?embed=apps.tasks&embed=apps.lastTaskFailure"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL+path, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the devcluster: %w", err)
	}
	transport := &http.Transport{Proxy: nil, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the devcluster: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking the devcluster: %s", response.Status)
	}
	var all struct {
		Apps []struct {
			ID              string
			Instances       int
			TasksRunning    int
			TasksHealthy    int
			TasksUnhealthy  int
			Deployments     []any
			Tasks           []Task
			LastTaskFailure struct{ Message string }
		}
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<20)).Decode(&all); err != nil {
		return nil, fmt.Errorf("asking the devcluster: %w", err)
	}
	apps := []App{}
	for _, a := range all.Apps {
		apps = append(apps, App{
			ID: a.ID, Instances: a.Instances, Running: a.TasksRunning, Healthy: a.TasksHealthy, Unhealthy: a.TasksUnhealthy,
			Deploying: len(a.Deployments) > 0, LastReason: a.LastTaskFailure.Message, Tasks: append([]Task{}, a.Tasks...),
		})
	}

	return apps, nil
}
