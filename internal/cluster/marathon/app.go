package marathon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
)

// App is an app definition as Marathon's API has it: what dce sets by name,
// and whatever else it may hold in Extra. Encoding writes Extra's keys beside
// the others, in alphabetical order, and in place of a field of the same name;
// decoding keeps there what the fields cannot hold, so that an app that was read
// is written as it was.
type App struct {
	ID       string `json:"id"`
	Executor string `json:"executor,omitempty"`
	// Cmd is the executor's own arguments; Marathon refuses less than two
	// characters.
	Cmd       string  `json:"cmd,omitempty"`
	CPUs      float64 `json:"cpus"`
	Mem       float64 `json:"mem"`  // MiB
	Disk      float64 `json:"disk"` // MiB
	Instances int     `json:"instances"`
	// ExecutorResources are lost in every partial update: apps are sent whole.
	ExecutorResources     *Resources          `json:"executorResources,omitempty"`
	Labels                map[string]string   `json:"labels,omitempty"`
	Env                   map[string]EnvValue `json:"env,omitempty"`
	Secrets               map[string]Secret   `json:"secrets,omitempty"`
	Fetch                 []Fetch             `json:"fetch,omitempty"`
	Constraints           [][]string          `json:"constraints,omitempty"`
	Role                  string              `json:"role,omitempty"`
	AcceptedResourceRoles []string            `json:"acceptedResourceRoles,omitempty"`
	// PortDefinitions are always sent: without them Marathon adds a port.
	PortDefinitions            []PortDefinition `json:"portDefinitions"`
	HealthChecks               []HealthCheck    `json:"healthChecks,omitempty"`
	UpgradeStrategy            *UpgradeStrategy `json:"upgradeStrategy,omitempty"`
	TaskKillGracePeriodSeconds *int             `json:"taskKillGracePeriodSeconds,omitempty"`

	// Extra holds all other keys, as JSON, and those that say less or more than
	// their field can: a number that is not there is Marathon's default, and no 0.
	Extra map[string]json.RawMessage `json:"-"`
}

// Resources are cores and MiB.
type Resources struct {
	CPUs float64 `json:"cpus"`
	Mem  float64 `json:"mem"`
	Disk float64 `json:"disk"`
}

// Secret is where one of Marathon's secrets comes from.
type Secret struct {
	Source string `json:"source"`
}

// Fetch is a file that the Mesos fetcher brings into the sandbox. All of its
// keys are always written: Marathon's default is to extract.
type Fetch struct {
	URI        string `json:"uri"`
	Extract    bool   `json:"extract"`
	Executable bool   `json:"executable"`
	Cache      bool   `json:"cache"`
	DestPath   string `json:"destPath,omitempty"`
}

// PortDefinition is a host port that the app wants; Port zero is any.
type PortDefinition struct {
	Port     int               `json:"port"`
	Name     string            `json:"name,omitempty"`
	Protocol string            `json:"protocol,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
}

// HealthCheck is what tells Marathon that an instance is healthy.
type HealthCheck struct {
	Protocol               string   `json:"protocol"`
	Command                *Command `json:"command,omitempty"`
	Path                   string   `json:"path,omitempty"`
	PortIndex              *int     `json:"portIndex,omitempty"`
	Port                   *int     `json:"port,omitempty"`
	GracePeriodSeconds     float64  `json:"gracePeriodSeconds"`
	IntervalSeconds        float64  `json:"intervalSeconds"`
	TimeoutSeconds         float64  `json:"timeoutSeconds"`
	MaxConsecutiveFailures int      `json:"maxConsecutiveFailures"`
	DelaySeconds           float64  `json:"delaySeconds"`
	IPProtocol             string   `json:"ipProtocol,omitempty"`
	IgnoreHTTP1xx          bool     `json:"ignoreHttp1xx,omitempty"`
}

// Command is the command of a health check.
type Command struct {
	Value string `json:"value"`
}

// UpgradeStrategy bounds an update by parts of the instances.
type UpgradeStrategy struct {
	MinimumHealthCapacity float64 `json:"minimumHealthCapacity"`
	MaximumOverCapacity   float64 `json:"maximumOverCapacity"`
}

// EnvValue is a value of the environment: a text, or the name of one of the
// app's secrets.
type EnvValue struct {
	Value  string
	Secret string
}

// MarshalJSON writes the form that Marathon takes.
func (v EnvValue) MarshalJSON() ([]byte, error) {
	if v.Secret != "" {
		return encode(map[string]string{"secret": v.Secret})
	}
	return encode(v.Value)
}

// UnmarshalJSON reads both forms.
func (v *EnvValue) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var named struct {
			Secret string `json:"secret"`
		}
		if err := json.Unmarshal(data, &named); err != nil {
			return fmt.Errorf("reading a secret of the environment: %w", err)
		}
		*v = EnvValue{Secret: named.Secret}
		return nil
	}
	*v = EnvValue{}
	return json.Unmarshal(data, &v.Value)
}

// fields is App without its methods.
type fields App

// MarshalJSON writes the app with what is in Extra, keys sorted.
func (a App) MarshalJSON() ([]byte, error) {
	if a.PortDefinitions == nil {
		a.PortDefinitions = []PortDefinition{}
	}
	known, err := encode(fields(a))
	if err != nil {
		return nil, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(known, &all); err != nil {
		return nil, fmt.Errorf("writing the app: %w", err)
	}
	maps.Copy(all, a.Extra)
	return encode(all)
}

// UnmarshalJSON reads an app; what its fields would not write again goes into
// Extra.
func (a *App) UnmarshalJSON(data []byte) error {
	var f fields
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("reading the app: %w", err)
	}
	all, held := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("reading the app: %w", err)
	}
	written, err := App(f).MarshalJSON()
	if err == nil {
		err = json.Unmarshal(written, &held)
	}
	if err != nil {
		return fmt.Errorf("reading the app: %w", err)
	}
	maps.DeleteFunc(all, func(key string, value json.RawMessage) bool {
		return hasField(key) && string(value) == "null" || sameJSON(value, held[key])
	})
	*a = App(f)
	if len(all) > 0 {
		a.Extra = all
	}
	return nil
}

// sameJSON says that two texts are the same value.
func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func hasField(key string) bool {
	switch key {
	case "id", "executor", "cmd", "cpus", "mem", "disk", "instances", "executorResources", "labels", "env", "secrets",
		"fetch", "constraints", "role", "acceptedResourceRoles", "portDefinitions", "healthChecks", "upgradeStrategy",
		"taskKillGracePeriodSeconds":
		return true
	}
	return false
}

// encode writes JSON without escaping what is only special in HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("writing the app: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}
