package marathon

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Deployment is one that is going on.
type Deployment struct {
	ID           string   `json:"id"`
	Version      string   `json:"version"`
	AffectedApps []string `json:"affectedApps"`
	CurrentStep  int      `json:"currentStep"`
	TotalSteps   int      `json:"totalSteps"`
	Current      []Action `json:"currentActions"`
}

// Action is a part of a step of a deployment.
type Action struct {
	Action string `json:"action"`
	App    string `json:"app"`
}

// Deployments are those that are going on.
func (c *Client) Deployments(ctx context.Context) ([]Deployment, error) {
	var said []Deployment
	err := c.get(ctx, "/v2/deployments", nil, &said)
	return said, err
}

// DeploymentsOf are those that touch an app.
func (c *Client) DeploymentsOf(ctx context.Context, id string) ([]Deployment, error) {
	all, err := c.Deployments(ctx)
	return slices.DeleteFunc(all, func(d Deployment) bool { return !slices.Contains(d.AffectedApps, id) }), err
}

// Cancel ends a deployment and leaves things as they are.
func (c *Client) Cancel(ctx context.Context, deployment string) error {
	k := call{method: http.MethodDelete, path: "/v2/deployments/" + deployment, query: url.Values{"force": {"true"}}}
	return c.change(ctx, k, nil, nil)
}

// DryRun asks what the groups would do with an app of this definition: the
// steps in Marathon's words. It changes nothing. The group that holds the app
// must be sent whole, or Marathon plans to remove what is missing.
func (c *Client) DryRun(ctx context.Context, id string, definition json.RawMessage) ([][]Action, error) {
	path := "/v2/groups" + strings.TrimSuffix(parent(id), "/")
	var held group
	query := url.Values{"embed": {"group.apps", "group.groups", "group.pods"}}
	if err := c.get(ctx, path, query, &held); err != nil && !Missing(err) {
		return nil, err
	}
	held.ID = parent(id)
	body, err := held.withApp(id, definition)
	if err != nil {
		return nil, err
	}
	var said struct {
		Steps []struct {
			Actions []Action `json:"actions"`
		} `json:"steps"`
	}
	k := call{method: http.MethodPut, path: path, query: url.Values{"dryRun": {"true"}}}
	if err := c.change(ctx, k, body, &said); err != nil {
		return nil, err
	}
	steps := make([][]Action, len(said.Steps))
	for i, s := range said.Steps {
		steps[i] = s.Actions
	}
	return steps, nil
}

func parent(id string) string {
	if i := strings.LastIndex(id, "/"); i > 0 {
		return id[:i]
	}
	return "/"
}
