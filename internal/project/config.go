package project

import (
	"strings"
	"time"

	"dce/internal/render"
)

// Config is dce.yaml, merged from all its layers.
type Config struct {
	// Name is the project's, empty when no layer says one.
	Name string
	// Files and EnvFiles are absolute; those of the environment are last.
	Files    []string
	EnvFiles []string
	// Values are seen by interpolation.
	Values   map[string]string
	Profiles []string
	// Render are the settings that change a rendering.
	Render render.Settings
	// Resources are the pod's allocation where no task gives one.
	Resources render.Resources
	// Job: a pod that ends, instead of a service.
	Job      bool
	Timeouts Timeouts
	// KeepFailed is how long the containers of a failed pod are kept for
	// inspection; zero removes them at once.
	KeepFailed time.Duration
	// Ports is how `up --local` chooses host ports: PortsAuto, PortsFixed or
	// PortsRandom.
	Ports string
	// Target is the place that the environment is deployed to, App what the
	// scheduler there is told, and Overhead what the executor itself needs.
	Target   Target
	App      App
	Overhead render.Resources
	// Confirm: what changes the environment is asked for first. Rollback: a
	// deployment that does not become healthy is taken back.
	Confirm, Rollback bool
	Deploy            Deploy
	Hooks             Hooks
	// Environments are the names that exist: those in dce.yaml and those that a
	// file beside the compose file makes, sorted.
	Environments []string
	// Path is the project's dce.yaml, absolute; empty when there is none.
	Path string

	settings []Setting
}

// Timeouts bound the parts of a pod's life. All are above zero.
type Timeouts struct {
	Launch time.Duration
	Engine time.Duration
	Stop   time.Duration
}

// Origins lists every setting in effect and where it comes from, sorted by
// path. Shown is for showing them.
func (c Config) Origins() []Setting { return c.settings }

// newConfig gives merged settings their Go types. The values' types are those
// that Field.parse made.
func newConfig(m map[string]setting) Config {
	c := Config{
		Name:     get[string](m, "name"),
		Files:    get[[]string](m, "files"),
		EnvFiles: get[[]string](m, "env_files"),
		Profiles: get[[]string](m, "profiles"),
		Render: render.Settings{
			InfraImage:   get[string](m, "infra.image"),
			InfraNetwork: get[string](m, "infra.network"),
			SharePID:     get[bool](m, "share.pid"),
			ShareIPC:     get[bool](m, "share.ipc"),
			PlainPort:    get[bool](m, "plain_port"),
			Secrets:      get[[]string](m, "secrets"),
		},
		Resources: render.Resources{
			CPUs:   get[float64](m, "resources.cpus"),
			MemMB:  get[float64](m, "resources.mem"),
			DiskMB: get[float64](m, "resources.disk"),
		},
		Job: get[string](m, "kind") == KindJob,
		Timeouts: Timeouts{
			Launch: get[time.Duration](m, "timeouts.launch"),
			Engine: get[time.Duration](m, "timeouts.engine"),
			Stop:   get[time.Duration](m, "timeouts.stop"),
		},
		KeepFailed: get[time.Duration](m, "keep_failed"),
		Ports:      get[string](m, "ports"),
		Target:     newTarget(m),
		App:        newApp(m),
		Overhead: render.Resources{
			CPUs:   get[float64](m, "resources.executor.cpus"),
			MemMB:  get[float64](m, "resources.executor.mem"),
			DiskMB: get[float64](m, "resources.executor.disk"),
		},
		Confirm:  get[bool](m, "confirm"),
		Rollback: get[bool](m, "rollback"),
		Deploy:   newDeploy(m),
		Hooks:    newHooks(m),
		Values:   map[string]string{},
		settings: settingsOf(m),
	}
	for path, s := range m {
		if key, ok := strings.CutPrefix(path, "values."); ok {
			c.Values[key] = s.value.(string)
		}
	}
	return c
}

func get[T any](m map[string]setting, path string) T {
	v, _ := m[path].value.(T)
	return v
}
