package marathon

import (
	"context"
	"net/url"
	"time"
)

// Queued is why instances of an app are not launched yet.
type Queued struct {
	Count int       `json:"count"`
	Since time.Time `json:"since"`
	Delay struct {
		TimeLeftSeconds int  `json:"timeLeftSeconds"`
		Overdue         bool `json:"overdue"`
	} `json:"delay"`
	App struct {
		ID string `json:"id"`
	} `json:"app"`
	Offers struct {
		Processed int      `json:"processedOffersCount"`
		Unused    int      `json:"unusedOffersCount"`
		Last      []Reject `json:"rejectSummaryLastOffers"`
		Attempt   []Reject `json:"rejectSummaryLaunchAttempt"`
	} `json:"processedOffersSummary"`
}

// Reject counts the offers that one reason made unfit.
type Reject struct {
	Reason    string `json:"reason"`
	Declined  int    `json:"declined"`
	Processed int    `json:"processed"`
}

// Queue is the entry of an app in the launch queue, nil when none waits.
func (c *Client) Queue(ctx context.Context, id string) (*Queued, error) {
	var said struct {
		Queue []Queued `json:"queue"`
	}
	if err := c.get(ctx, "/v2/queue", url.Values{}, &said); err != nil {
		return nil, err
	}
	for i := range said.Queue {
		if said.Queue[i].App.ID == id {
			return &said.Queue[i], nil
		}
	}
	return nil, nil //nolint:nilnil // nothing waits
}

// Info is what a Marathon says of itself.
type Info struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	FrameworkID string `json:"frameworkId"`
	Leader      string `json:"leader"`
	Config      struct {
		MesosLeaderURL string   `json:"mesos_leader_ui_url"`
		Master         string   `json:"master"`
		LaunchTimeout  int64    `json:"task_launch_timeout"` // milliseconds
		EnvPrefix      string   `json:"env_vars_prefix"`
		Features       []string `json:"features"`
	} `json:"marathon_config"`
}

// Info asks a Marathon who it is.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var info Info
	err := c.get(ctx, "/v2/info", nil, &info)
	return info, err
}
