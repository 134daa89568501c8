package project

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"dce/internal/diag"
)

// Target is the place that an environment is deployed to. Credentials are
// references (env:NAME, file:PATH, keyring:NAME), never values.
type Target struct {
	// Scheduler is SchedulerMarathon, empty where nothing is said.
	Scheduler   string
	URLs        []string
	Credentials Credentials
	// CA are absolute paths of PEM files.
	CA        []string
	Artifacts Artifacts
	// ExecutorURIs are fetched into the sandbox, dce itself first; ExecutorPath
	// is where the agent finds it, empty for the first of them.
	ExecutorURIs []string
	ExecutorPath string
}

// IsZero says that there is no place to deploy to.
func (t Target) IsZero() bool { return t.Scheduler == "" && len(t.URLs) == 0 }

// Credentials are references to what a server wants to see; at most one is set.
type Credentials struct {
	Basic string
	Token string
}

// Artifacts is where bundles go that are too large for a label.
type Artifacts struct {
	URL string
	// FetchURL is the same place as agents reach it, empty for URL.
	FetchURL    string
	Credentials Credentials
	// Inline is the largest compressed bundle that travels in a label, in bytes.
	Inline int
}

// App is what a scheduler is told of a pod, beside what its files say.
type App struct {
	// ID is empty where the project's and the environment's names make it.
	ID            string
	Instances     int
	Constraints   []string
	Role          string
	AcceptedRoles []string
	// MinHealthy and MaxOver are parts of the instances, nil for the scheduler's
	// default.
	MinHealthy, MaxOver *float64
	Health              HealthCheck
	// KillGrace is zero where the services' own grace makes it.
	KillGrace time.Duration
	Labels    map[string]string
	Env       map[string]string
	Fetch     []string
	// Images is ImagesCheck, ImagesLock or ImagesTrust.
	Images string
	// Secrets are sources on the cluster by the name of a secret.
	Secrets map[string]string
	// Marathon is merged into the app last, by Marathon's own names.
	Marathon map[string]any
}

// HealthCheck is the scheduler's question for a pod's health.
type HealthCheck struct {
	// Check is HealthDocker or HealthNone.
	Check                    string
	Grace, Interval, Timeout time.Duration
	Failures                 int
}

// Deploy is how long a deployment is waited for.
type Deploy struct {
	// Failures is how many instances may fail until the deployment has, 0 for any
	// number.
	Failures int
	Timeout  time.Duration
	// RollbackTimeout is that of the way back.
	RollbackTimeout time.Duration
}

func newDeploy(m map[string]setting) Deploy {
	d := Deploy{Failures: get[int](m, "deploy.failures"), Timeout: get[time.Duration](m, "deploy.timeout")}
	d.RollbackTimeout = cmp.Or(get[time.Duration](m, "deploy.rollback_timeout"), d.Timeout)
	return d
}

// Hooks are commands around a deploy, as sh takes them. Each may take Timeout.
type Hooks struct {
	PreDeploy    []string
	PostDeploy   []string
	DeployFailed []string
	Timeout      time.Duration
}

func newHooks(m map[string]setting) Hooks {
	return Hooks{
		PreDeploy:    get[[]string](m, "hooks.pre_deploy"),
		PostDeploy:   get[[]string](m, "hooks.post_deploy"),
		DeployFailed: get[[]string](m, "hooks.deploy_failed"),
		Timeout:      get[time.Duration](m, "hooks.timeout"),
	}
}

func newTarget(m map[string]setting) Target {
	return Target{
		Scheduler:   get[string](m, "target.scheduler"),
		URLs:        get[[]string](m, "target.urls"),
		Credentials: newCredentials(m, "target."),
		CA:          get[[]string](m, "target.ca"),
		Artifacts: Artifacts{
			URL: get[string](m, "target.artifacts.url"), FetchURL: get[string](m, "target.artifacts.fetch_url"),
			Credentials: newCredentials(m, "target.artifacts."), Inline: int(get[float64](m, "target.artifacts.inline") * (1 << 20)),
		},
		ExecutorURIs: get[[]string](m, "target.executor.uris"),
		ExecutorPath: get[string](m, "target.executor.path"),
	}
}

func newCredentials(m map[string]setting, above string) Credentials {
	return Credentials{Basic: get[string](m, above+"credentials.basic"), Token: get[string](m, above+"credentials.token")}
}

func newApp(m map[string]setting) App {
	return App{
		ID:            get[string](m, "app.id"),
		Instances:     get[int](m, "app.instances"),
		Constraints:   get[[]string](m, "app.constraints"),
		Role:          get[string](m, "app.role"),
		AcceptedRoles: get[[]string](m, "app.accepted_roles"),
		MinHealthy:    optional[float64](m, "app.upgrade.min_healthy"),
		MaxOver:       optional[float64](m, "app.upgrade.max_over"),
		Health: HealthCheck{
			Check: get[string](m, "app.health.check"), Grace: get[time.Duration](m, "app.health.grace"),
			Interval: get[time.Duration](m, "app.health.interval"), Timeout: get[time.Duration](m, "app.health.timeout"),
			Failures: get[int](m, "app.health.failures"),
		},
		KillGrace: get[time.Duration](m, "app.kill_grace"),
		Labels:    belowKey[string](m, "app.labels."),
		Env:       belowKey[string](m, "app.env."),
		Images:    get[string](m, "app.images"),
		Fetch:     get[[]string](m, "app.fetch"),
		Secrets:   belowKey[string](m, "app.secrets."),
		Marathon:  belowKey[any](m, "marathon."),
	}
}

func optional[T any](m map[string]setting, path string) *T {
	if v, ok := m[path].value.(T); ok {
		return &v
	}
	return nil
}

// belowKey are the settings of a map, by the rest of their path; nil for none.
func belowKey[T any](m map[string]setting, prefix string) map[string]T {
	var all map[string]T
	for path, s := range m {
		if len(path) <= len(prefix) || path[:len(prefix)] != prefix {
			continue
		}
		if v, ok := s.value.(T); ok {
			if all == nil {
				all = map[string]T{}
			}
			all[path[len(prefix):]] = v
		}
	}
	return all
}

// Locate finds where a setting, or a part of one, stands in a file: "app.id",
// "app.constraints.0", "marathon.upgradeStrategy".
func (c Config) Locate(path string) (diag.Pos, bool) {
	for _, s := range c.settings { // sorted: a setting itself comes before those below it
		rest, inside := strings.CutPrefix(path, s.Path+".")
		pos, found := s.within[rest]
		switch {
		case s.Origin.Pos.Line == 0:
		case s.Path == path || strings.HasPrefix(s.Path, path+"."):
			return s.Origin.Pos, true
		case inside && found:
			return pos, true
		}
	}
	return diag.Pos{}, false
}

// Origin is where a setting comes from, and whether anything sets it.
func (c Config) Origin(path string) (Origin, bool) {
	i := slices.IndexFunc(c.settings, func(s Setting) bool { return s.Path == path })
	if i < 0 {
		return Origin{}, false
	}
	return c.settings[i].Origin, true
}
