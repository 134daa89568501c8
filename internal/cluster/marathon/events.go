package marathon

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"dce/internal/wait"
)

// lineLimit bounds a line of the event stream. Events of old Marathons hold the
// whole plan of a deployment.
const lineLimit = 16 << 20

// Event is what dce reads of the events of a Marathon; fields that an event
// does not have are empty.
type Event struct {
	Type       string `json:"eventType"`
	ID         string `json:"id"` // of a deployment
	Reason     string `json:"reason"`
	AppID      string `json:"appId"`
	RunSpecID  string `json:"runSpecId"`
	TaskID     string `json:"taskId"`
	TaskStatus string `json:"taskStatus"`
	InstanceID string `json:"instanceId"`
	Message    string `json:"message"`
	Host       string `json:"host"`
	SlaveID    string `json:"slaveId"`
	Version    string `json:"version"`
	Plan       struct {
		ID string `json:"id"`
	} `json:"plan"`
	// Reconnected says that the stream has begun anew: events may have been lost,
	// so what they would have told must be asked for.
	Reconnected bool `json:"-"`
}

// eventTypes are the events that dce asks for.
func eventTypes() []string {
	return []string{
		"deployment_success", "deployment_failed", "deployment_step_success", "deployment_step_failure", "deployment_info",
		"status_update_event", "instance_changed_event", "instance_health_changed_event", "health_status_changed_event",
		"unhealthy_instance_kill_event", "app_terminated_event",
	}
}

// Follow gives every event to do until ctx ends, over broken connections and
// changes of the leader. It is a help beside asking: where no stream is to be
// had it tries again, and tells nobody.
func (c *Client) Follow(ctx context.Context, do func(Event)) {
	pause := &backoff.ExponentialBackOff{InitialInterval: 200 * time.Millisecond, RandomizationFactor: .5, Multiplier: 2, MaxInterval: 10 * time.Second}
	for ctx.Err() == nil {
		attached, _ := c.attach(ctx, do)
		if attached {
			pause.Reset()
		}
		if !wait.For(ctx, pause.NextBackOff()) {
			return
		}
	}
}

// attach reads one stream to its end.
func (c *Client) attach(ctx context.Context, do func(Event)) (attached bool, err error) {
	body, err := c.open(ctx)
	if err != nil {
		return false, err
	}
	defer body.Close()
	do(Event{Reconnected: true})
	return true, readEvents(body, do)
}

// open finds a master that streams events: others send a reader on to it.
func (c *Client) open(ctx context.Context) (io.ReadCloser, error) {
	first := int(c.first.Load())
	var last error
	for i := range c.urls {
		body, err := c.openAt(ctx, c.urls[(first+i)%len(c.urls)])
		if err == nil {
			return body, nil
		}
		last = err
	}
	return nil, last
}

func (c *Client) openAt(ctx context.Context, base *url.URL) (io.ReadCloser, error) {
	target := base.JoinPath("/v2/events")
	target.RawQuery = url.Values{"event_type": eventTypes(), "plan-format": {"light"}}.Encode()
	for range redirectLimit {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
		if err != nil {
			return nil, fmt.Errorf("making the request: %w", err)
		}
		r.Header.Set("Accept", "text/event-stream") // else 405
		c.authorise(r)
		c.requests.Add(1)
		response, err := c.stream.Do(r)
		if err != nil {
			return nil, fmt.Errorf("asking for events: %w", err)
		}
		if response.StatusCode == http.StatusOK && strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
			return response.Body, nil
		}
		response.Body.Close()
		a := answer{status: response.StatusCode, header: response.Header, from: target}
		if target = a.redirect(target); target == nil {
			return nil, fmt.Errorf("asking for events: %s", response.Status)
		}
	}
	return nil, fmt.Errorf("asking for events: sent on %d times", redirectLimit)
}

// readEvents reads frames of server-sent events until the stream ends.
func readEvents(r io.Reader, do func(Event)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), lineLimit)
	var kind string
	var data []byte
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if e, ok := parseEvent(kind, data); ok {
				do(e)
			}
			kind, data = "", nil
		case field == "event":
			kind = value
		case field == "data" && len(data)+len(value) < lineLimit:
			data = append(append(data, value...), '\n')
		}
	}
	return lines.Err()
}

// parseEvent reads what an event holds. One that is not understood is none:
// asking finds out what it would have told.
func parseEvent(kind string, data []byte) (Event, bool) {
	if len(data) == 0 {
		return Event{}, false
	}
	var e Event
	if json.Unmarshal(data, &e) != nil {
		return Event{}, false
	}
	if e.Type == "" {
		e.Type = kind
	}
	if e.ID == "" {
		e.ID = e.Plan.ID
	}
	if e.AppID == "" {
		e.AppID = e.RunSpecID
	}
	return e, e.Type != ""
}
