package marathon

import (
	"encoding/json"
	"fmt"
)

// group is a group as it is read and, cleaned, sent.
type group struct {
	ID           string            `json:"id"`
	Apps         []json.RawMessage `json:"apps"`
	Groups       []group           `json:"groups"`
	Dependencies []string          `json:"dependencies,omitempty"`
	EnforceRole  *bool             `json:"enforceRole,omitempty"`
	Pods         []json.RawMessage `json:"pods,omitempty"`
}

// withApp is a group that holds an app of this definition in place of the one
// it held, and all else as it is. What only a reader is told is left out: with
// a version, it would be taken for a rollback.
func (g group) withApp(id string, definition json.RawMessage) (group, error) {
	clean, err := g.writable(id)
	clean.Apps = append(clean.Apps, definition)
	return clean, err
}

// writable is the group without what Marathon adds when it is read, and without
// the app of that id.
func (g group) writable(without string) (group, error) {
	out := group{ID: g.ID, Dependencies: g.Dependencies, EnforceRole: g.EnforceRole, Pods: g.Pods}
	for _, raw := range g.Apps {
		app, err := writable(raw)
		if err != nil {
			return group{}, err
		}
		if text(app["id"]) == without {
			continue
		}
		data, err := json.Marshal(app)
		if err != nil {
			return group{}, fmt.Errorf("encoding an app of %s: %w", g.ID, err)
		}
		out.Apps = append(out.Apps, data)
	}
	for _, inner := range g.Groups {
		clean, err := inner.writable(without)
		if err != nil {
			return group{}, err
		}
		out.Groups = append(out.Groups, clean)
	}
	return out, nil
}

// writable is a definition without what Marathon adds to it when it is read.
func writable(raw json.RawMessage) (map[string]any, error) {
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("reading an app: %w", err)
	}
	for _, key := range readOnly() {
		delete(fields, key)
	}
	return fields, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// readOnly are the keys of an app that Marathon tells and does not take.
func readOnly() []string {
	return []string{
		"version", "versionInfo", "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "deployments",
		"lastTaskFailure", "taskStats", "readinessCheckResults",
	}
}
