package scheduler

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// App is an app definition as Marathon's API shows it: every default is filled in (docs/docs/rest-api of Marathon,
// types/app.raml). An App that the scheduler holds is never changed.
type App struct {
	ID                         string             `json:"id"`
	AcceptedResourceRoles      []string           `json:"acceptedResourceRoles,omitempty"`
	Args                       []string           `json:"args,omitempty"`
	BackoffFactor              float64            `json:"backoffFactor"`
	BackoffSeconds             int                `json:"backoffSeconds"`
	Check                      map[string]any     `json:"check,omitempty"`
	Cmd                        *string            `json:"cmd,omitempty"`
	Constraints                [][]string         `json:"constraints,omitempty"`
	Container                  map[string]any     `json:"container,omitempty"`
	CPUs                       float64            `json:"cpus"`
	Dependencies               []string           `json:"dependencies,omitempty"`
	Disk                       float64            `json:"disk"`
	Env                        map[string]any     `json:"env,omitempty"`
	Executor                   string             `json:"executor"`
	ExecutorResources          *ExecutorResources `json:"executorResources,omitempty"`
	Fetch                      []Fetch            `json:"fetch,omitempty"`
	GPUs                       int                `json:"gpus"`
	HealthChecks               []HealthCheck      `json:"healthChecks,omitempty"`
	Instances                  int                `json:"instances"`
	KillSelection              string             `json:"killSelection"`
	Labels                     map[string]string  `json:"labels"`
	MaxLaunchDelaySeconds      int                `json:"maxLaunchDelaySeconds"`
	Mem                        float64            `json:"mem"`
	Networks                   []Network          `json:"networks"`
	PortDefinitions            []PortDefinition   `json:"portDefinitions"`
	ReadinessChecks            []ReadinessCheck   `json:"readinessChecks,omitempty"`
	RequirePorts               bool               `json:"requirePorts"`
	Residency                  map[string]any     `json:"residency,omitempty"`
	ResourceLimits             map[string]any     `json:"resourceLimits,omitempty"`
	Role                       string             `json:"role"`
	Secrets                    map[string]any     `json:"secrets,omitempty"`
	TaskKillGracePeriodSeconds *int               `json:"taskKillGracePeriodSeconds,omitempty"`
	TTY                        *bool              `json:"tty,omitempty"`
	UnreachableStrategy        any                `json:"unreachableStrategy"`
	UpgradeStrategy            *UpgradeStrategy   `json:"upgradeStrategy"`
	User                       *string            `json:"user,omitempty"`
	Version                    Time               `json:"version"`
	VersionInfo                *VersionInfo       `json:"versionInfo,omitempty"`

	restart bool // asks for new instances although nothing differs
}

// The parts of an App.
type (
	// VersionInfo says when an app was last scaled and when it was last changed otherwise.
	VersionInfo struct {
		LastScalingAt      Time `json:"lastScalingAt"`
		LastConfigChangeAt Time `json:"lastConfigChangeAt"`
	}
	// ExecutorResources are what the executor itself is given beside the task.
	ExecutorResources struct {
		CPUs float64 `json:"cpus"`
		Mem  float64 `json:"mem"`
		Disk float64 `json:"disk"`
	}
	// Fetch is one file for the sandbox.
	Fetch struct {
		URI        string `json:"uri"`
		Extract    *bool  `json:"extract"`
		Executable bool   `json:"executable"`
		Cache      bool   `json:"cache"`
		DestPath   string `json:"destPath,omitempty"`
	}
	// Network is one network of an app; only {mode: host} can be run here.
	Network struct {
		Mode   string            `json:"mode"`
		Name   string            `json:"name,omitempty"`
		Labels map[string]string `json:"labels,omitempty"`
	}
	// PortDefinition is one port of an app. Port is the service port, or the host port with App.RequirePorts.
	PortDefinition struct {
		Labels   map[string]string `json:"labels,omitempty"`
		Name     string            `json:"name,omitempty"`
		Port     int               `json:"port"`
		Protocol string            `json:"protocol"`
	}
	// HealthCheck is a check that Marathon runs (HTTP, HTTPS, TCP) or the executor (MESOS_HTTP ..., COMMAND).
	HealthCheck struct {
		Command                *Command `json:"command,omitempty"`
		DelaySeconds           *int     `json:"delaySeconds"`
		GracePeriodSeconds     *int     `json:"gracePeriodSeconds"`
		IgnoreHTTP1xx          *bool    `json:"ignoreHttp1xx,omitempty"`
		IntervalSeconds        *int     `json:"intervalSeconds"`
		IPProtocol             string   `json:"ipProtocol"`
		MaxConsecutiveFailures *int     `json:"maxConsecutiveFailures"`
		Path                   string   `json:"path,omitempty"`
		Port                   *int     `json:"port,omitempty"`
		PortIndex              *int     `json:"portIndex,omitempty"`
		Protocol               string   `json:"protocol"`
		TimeoutSeconds         *int     `json:"timeoutSeconds"`
	}
	// Command is what a COMMAND health check runs.
	Command struct {
		Value string `json:"value"`
	}
	// ReadinessCheck is a request that a new instance must answer before a deployment goes on.
	ReadinessCheck struct {
		Name                    string `json:"name"`
		Protocol                string `json:"protocol"`
		Path                    string `json:"path"`
		PortName                string `json:"portName"`
		IntervalSeconds         *int   `json:"intervalSeconds"`
		TimeoutSeconds          *int   `json:"timeoutSeconds"`
		HTTPStatusCodesForReady []int  `json:"httpStatusCodesForReady"`
		PreserveLastResponse    bool   `json:"preserveLastResponse"`
	}
	// UpgradeStrategy bounds a rolling upgrade: fractions of the instances, 0 to 1.
	UpgradeStrategy struct {
		MaximumOverCapacity   *float64 `json:"maximumOverCapacity"`
		MinimumHealthCapacity *float64 `json:"minimumHealthCapacity"`
	}
)

// Time is a moment as Marathon writes it, in milliseconds and UTC: 2026-11-22T09:14:03.123Z. It names versions.
type Time struct{ time.Time }

const timeFormat = "2006-01-02T15:04:05.000Z"

// MarshalText writes a moment.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a moment.
func (t *Time) UnmarshalText(text []byte) error {
	parsed, err := time.Parse(time.RFC3339Nano, string(text))
	t.Time = parsed.UTC()

	return err
}

// MarshalJSON writes a moment; without it that of time.Time would be used.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalJSON reads a moment.
func (t *Time) UnmarshalJSON(data []byte) error {
	return t.UnmarshalText([]byte(strings.Trim(string(data), `"`)))
}

func (t Time) String() string { return t.UTC().Format(timeFormat) }

// ConfigVersion is the version since which the app is what it is but for its scale.
func (a *App) ConfigVersion() Time {
	if a.VersionInfo == nil {
		return a.Version
	}

	return a.VersionInfo.LastConfigChangeAt
}

// ServicePorts are the ports of the app's port definitions.
func (a *App) ServicePorts() []int {
	ports := []int{}
	for _, d := range a.PortDefinitions {
		ports = append(ports, d.Port)
	}

	return ports
}

// Singleton says that no two instances may ever run at once (MARATHON_SINGLE_INSTANCE_APP).
func (a *App) Singleton() bool { return a.Labels["MARATHON_SINGLE_INSTANCE_APP"] == "true" }

// isUpgrade says that instances of one definition are not instances of the other. What a change of may stay unseen is
// here what it is in Marathon: scale, version, and the executor's resources (state/AppDefinition.scala isUpgrade).
func (a *App) isUpgrade(to *App) bool { return !reflect.DeepEqual(a.essence(), to.essence()) }

func (a *App) essence() App {
	e := *a
	e.Instances, e.Version, e.VersionInfo, e.ExecutorResources, e.restart = 0, Time{}, nil, nil, false
	e.Constraints = slices.SortedFunc(slices.Values(a.Constraints), slices.Compare) // a set
	if len(e.Constraints) == 0 {
		e.Constraints = nil
	}

	return e
}

// Restarting is the app with a mark that all its instances are to be replaced.
func (a *App) Restarting() *App {
	marked := *a
	marked.restart = true

	return &marked
}

// WithInstances is the app at another scale.
func (a *App) WithInstances(n int) *App {
	scaled := *a
	scaled.Instances = n

	return &scaled
}

// Names of health check protocols that the executor runs; the other ones are Marathon's own business.
func isMesosProtocol(protocol string) bool {
	return slices.Contains([]string{"COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP"}, protocol)
}

// MesosCheck is the health check that goes into the TaskInfo: the first that the executor runs.
func (a *App) MesosCheck() *HealthCheck {
	for i := range a.HealthChecks {
		if isMesosProtocol(a.HealthChecks[i].Protocol) {
			return &a.HealthChecks[i]
		}
	}

	return nil
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
