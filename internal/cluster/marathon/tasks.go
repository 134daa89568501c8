package marathon

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Task is one instance of an app, as far as dce looks at it.
type Task struct {
	ID                 string              `json:"id"`
	Host               string              `json:"host"`
	SlaveID            string              `json:"slaveId"`
	State              string              `json:"state"`
	StagedAt           time.Time           `json:"stagedAt"`
	StartedAt          time.Time           `json:"startedAt"`
	Version            string              `json:"version"`
	Ports              []int               `json:"ports"`
	HealthCheckResults []HealthCheckResult `json:"healthCheckResults"`
}

// HealthCheckResult is what one health check of a task came to last.
type HealthCheckResult struct {
	Alive               bool   `json:"alive"`
	ConsecutiveFailures int    `json:"consecutiveFailures"`
	LastFailureCause    string `json:"lastFailureCause"`
}

// TaskFailure is the last failure of an app. Kills and finished tasks are none.
type TaskFailure struct {
	Host      string    `json:"host"`
	Message   string    `json:"message"`
	State     string    `json:"state"`
	TaskID    string    `json:"taskId"`
	SlaveID   string    `json:"slaveId"`
	Timestamp time.Time `json:"timestamp"`
	Version   string    `json:"version"`
}

// Status is an app with what runs of it. Definition is the app without that.
type Status struct {
	ID              string       `json:"id"`
	Version         string       `json:"version"`
	Instances       int          `json:"instances"`
	Tasks           []Task       `json:"tasks"`
	Deployments     []Ref        `json:"deployments"`
	LastTaskFailure *TaskFailure `json:"lastTaskFailure"`
	VersionInfo     struct {
		LastScalingAt      string `json:"lastScalingAt"`
		LastConfigChangeAt string `json:"lastConfigChangeAt"`
	} `json:"versionInfo"`
	HealthChecks []json.RawMessage `json:"healthChecks"`
	// Definition is the app as it came.
	Definition json.RawMessage `json:"-"`
}

// Ref names a deployment.
type Ref struct {
	ID string `json:"id"`
}

// ConfigVersion is the version of what runs in the tasks: scaling makes a new
// version of the app, but none of its tasks.
func (s *Status) ConfigVersion() string {
	if v := s.VersionInfo.LastConfigChangeAt; v != "" {
		return v
	}
	return s.Version
}

// App reads an app with its tasks and deployments.
func (c *Client) App(ctx context.Context, id string) (*Status, error) {
	var said struct {
		App json.RawMessage `json:"app"`
	}
	query := url.Values{"embed": {"app.tasks", "app.counts", "app.deployments", "app.lastTaskFailure"}}
	if err := c.get(ctx, "/v2/apps"+id, query, &said); err != nil {
		return nil, err
	}
	status := &Status{Definition: said.App}
	a := answer{status: http.StatusOK, body: said.App, from: c.urls[0]}
	if err := a.decode(status); err != nil {
		return nil, err
	}
	return status, nil
}

// Versions are the versions of an app that Marathon keeps, newest first.
func (c *Client) Versions(ctx context.Context, id string) ([]string, error) {
	var said struct {
		Versions []string `json:"versions"`
	}
	err := c.get(ctx, "/v2/apps"+id+"/versions", nil, &said)
	return said.Versions, err
}

// Version is the definition of one version of an app.
func (c *Client) Version(ctx context.Context, id, version string) (json.RawMessage, error) {
	var said json.RawMessage
	err := c.get(ctx, "/v2/apps"+id+"/versions/"+version, nil, &said)
	return said, err
}

// Changed is what Marathon answers to a change: what it deploys.
type Changed struct {
	Version      string `json:"version"`
	DeploymentID string `json:"deploymentId"`
}

// Put makes an app be that of the definition, whole: in a merge, Marathon loses
// executorResources (reference: AppConversion.scala). An app that does not exist
// is created.
func (c *Client) Put(ctx context.Context, id string, definition any, force bool) (Changed, error) {
	query := url.Values{"partialUpdate": {"false"}}
	if force {
		query.Set("force", "true")
	}
	return c.deploying(ctx, call{method: http.MethodPut, path: "/v2/apps" + id, query: query}, definition)
}

// Create makes an app that must not exist.
func (c *Client) Create(ctx context.Context, definition any) (Changed, error) {
	return c.deploying(ctx, call{method: http.MethodPost, path: "/v2/apps"}, definition)
}

// Destroy removes an app with all its instances. Marathon forces this unless
// told otherwise.
func (c *Client) Destroy(ctx context.Context, id string, force bool) (Changed, error) {
	query := url.Values{"force": {boolText(force)}}
	return c.deploying(ctx, call{method: http.MethodDelete, path: "/v2/apps" + id, query: query}, nil)
}

// deploying sends a change and finds the deployment in the answer: an app that
// was created names it in a list, other answers in a field.
func (c *Client) deploying(ctx context.Context, k call, body any) (Changed, error) {
	var said struct {
		Changed

		Deployments []Ref `json:"deployments"`
	}
	if err := c.change(ctx, k, body, &said); err != nil {
		return Changed{}, err
	}
	if said.DeploymentID == "" && len(said.Deployments) > 0 {
		said.DeploymentID = said.Deployments[0].ID
	}
	return said.Changed, nil
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
