package scheduler

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// NewApp reads the definition of an app that is sent whole, fills in the defaults and checks it. The id of a PUT is that
// of its URL.
func NewApp(body []byte, id string) (*App, error) {
	o, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	if id != "" {
		o["id"] = id
	}

	return appOf(o, "/")
}

// appOf makes an app of an object; a relative id is below base.
func appOf(o object, base string) (*App, error) {
	if o["id"] == nil {
		return nil, &InvalidError{JSON: true, Details: []Detail{{Path: "/id", Errors: []string{"error.path.missing"}}}}
	}
	var app App
	if err := decodeInto(o, &app); err != nil {
		return nil, err
	}
	var old deprecated
	if err := decodeInto(o, &old); err != nil {
		return nil, err
	}
	old.PortsGiven = o["ports"] != nil
	if err := checkNumbers(o); err != nil {
		return nil, err
	}
	if err := checkDeprecated(&app, old); err != nil {
		return nil, err
	}
	app.Version, app.VersionInfo = Time{}, nil // never taken from a definition
	for _, field := range []struct {
		name  string
		value *float64
		none  float64
	}{{"cpus", &app.CPUs, 1}, {"mem", &app.Mem, 128}, {"backoffFactor", &app.BackoffFactor, 1.15}} {
		defaultTo(o, field.name, field.value, field.none)
	}
	defaultTo(o, "instances", &app.Instances, 1)
	defaultTo(o, "backoffSeconds", &app.BackoffSeconds, 1)
	defaultTo(o, "maxLaunchDelaySeconds", &app.MaxLaunchDelaySeconds, 300)
	app.ID = canonical(app.ID, base)
	app.migrate(old)
	app.fill(parentOf(app.ID))
	if err := app.validate(); err != nil {
		return nil, err
	}

	return &app, nil
}

// defaultTo sets a field that the object does not have: a zero that was sent stays.
func defaultTo[T any](o object, name string, field *T, none T) {
	if o[name] == nil {
		*field = none
	}
}

// Merge applies a partial update to an app. What is not sent stays, but for the executor's resources and the resource
// limits: those are lost when they are not sent, as in Marathon (raml/AppConversion.scala appUpdateRamlReader).
func Merge(app *App, body []byte) (*App, error) {
	update, err := parseObject(body)
	if err != nil {
		return nil, err
	}

	return merge(app, update)
}

func merge(app *App, update object) (*App, error) {
	merged := object{}
	text, _ := json.Marshal(app) //nolint:errchkjson // an App holds only what came from JSON
	known, err := parseObject(text)
	if err != nil {
		return nil, err
	}
	maps.Copy(merged, known)
	delete(merged, "executorResources")
	delete(merged, "resourceLimits")
	if update["ports"] != nil || update["ipAddress"] != nil {
		delete(merged, "portDefinitions")
	}
	for key, value := range update {
		if value != nil {
			merged[key] = value
		}
	}
	merged["id"] = app.ID
	changed, err := appOf(merged, "/")
	if err != nil {
		return nil, err
	}
	changed.Version, changed.VersionInfo = app.Version, app.VersionInfo

	return changed, nil
}

func parentOf(id string) string {
	p := parts(id)

	return "/" + strings.Join(p[:max(0, len(p)-1)], "/")
}

// migrate turns deprecated fields into what has replaced them (api/v2/AppNormalization.scala).
func (a *App) migrate(old deprecated) {
	for _, uri := range old.URIs {
		a.Fetch = append(a.Fetch, Fetch{URI: uri, Extract: new(looksLikeArchive(uri))})
	}
	if old.PortsGiven && a.PortDefinitions == nil {
		a.PortDefinitions = []PortDefinition{}
		for _, port := range old.Ports {
			a.PortDefinitions = append(a.PortDefinitions, PortDefinition{Port: port})
		}
	}
	if old.IPAddress != nil && a.Networks == nil {
		name, _ := old.IPAddress["networkName"].(string)
		a.Networks = []Network{{Mode: "container", Name: name}}
	}
}

// looksLikeArchive says that a URI of `uris` is extracted (FetchUri.fromProto of Marathon).
func looksLikeArchive(uri string) bool {
	for _, ending := range []string{".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip"} {
		if strings.HasSuffix(uri, ending) {
			return true
		}
	}

	return false
}

// fill fills in all other defaults, but for the role: that is the cluster's.
func (a *App) fill(group string) {
	setDefault(&a.KillSelection, "YOUNGEST_FIRST")
	if a.Labels == nil {
		a.Labels = map[string]string{}
	}
	if len(a.Networks) == 0 {
		a.Networks = []Network{{Mode: "host"}}
	}
	if a.PortDefinitions == nil {
		a.PortDefinitions = []PortDefinition{}
		if a.Networks[0].Mode == "host" && a.Container == nil {
			a.PortDefinitions = []PortDefinition{{Name: "default"}}
		}
	}
	for i := range a.PortDefinitions {
		setDefault(&a.PortDefinitions[i].Protocol, "tcp")
	}
	if a.UnreachableStrategy == nil {
		a.UnreachableStrategy = object{"inactiveAfterSeconds": 0.0, "expungeAfterSeconds": 0.0}
	}
	for i := range a.Dependencies {
		a.Dependencies[i] = canonical(a.Dependencies[i], group)
	}
	for i := range a.Fetch {
		setDefault(&a.Fetch[i].Extract, new(true))
	}
	a.fillUpgrade()
	for i := range a.HealthChecks {
		a.HealthChecks[i].fill()
	}
	for i := range a.ReadinessChecks {
		a.ReadinessChecks[i].fill()
	}
	a.dropEmpty()
}

// dropEmpty makes what is empty absent, so that two definitions of one meaning are equal.
func (a *App) dropEmpty() {
	dropEmpty(&a.Args)
	dropEmpty(&a.Constraints)
	dropEmpty(&a.Dependencies)
	dropEmpty(&a.Fetch)
	dropEmpty(&a.HealthChecks)
	dropEmpty(&a.ReadinessChecks)
	if len(a.Env) == 0 {
		a.Env = nil
	}
	if len(a.Secrets) == 0 {
		a.Secrets = nil
	}
	slices.Sort(a.Dependencies)
	for i := range a.PortDefinitions {
		if len(a.PortDefinitions[i].Labels) == 0 {
			a.PortDefinitions[i].Labels = nil
		}
	}
}

func dropEmpty[T any](list *[]T) {
	if len(*list) == 0 {
		*list = nil
	}
}

func (a *App) fillUpgrade() {
	over, least := 1.0, 1.0
	switch {
	case a.Singleton():
		over, least = 0, 0
	case a.Residency != nil:
		over, least = 0, 0.5
	}
	if a.UpgradeStrategy == nil {
		a.UpgradeStrategy = &UpgradeStrategy{}
	}
	setDefault(&a.UpgradeStrategy.MaximumOverCapacity, &over)
	setDefault(&a.UpgradeStrategy.MinimumHealthCapacity, &least)
}

func (h *HealthCheck) fill() {
	if h.Command != nil {
		h.Protocol = "COMMAND"
	}
	setDefault(&h.Protocol, "HTTP")
	setDefault(&h.IPProtocol, "IPv4")
	setDefault(&h.GracePeriodSeconds, new(300))
	setDefault(&h.IntervalSeconds, new(60))
	setDefault(&h.TimeoutSeconds, new(20))
	setDefault(&h.MaxConsecutiveFailures, new(3))
	setDefault(&h.DelaySeconds, new(15))
	if strings.HasSuffix(h.Protocol, "HTTP") || strings.HasSuffix(h.Protocol, "HTTPS") {
		setDefault(&h.Path, "/")
		if !isMesosProtocol(h.Protocol) {
			setDefault(&h.IgnoreHTTP1xx, new(false))
		}
	}
	if h.Port == nil && h.Protocol != "COMMAND" {
		setDefault(&h.PortIndex, new(0))
	}
}

func (r *ReadinessCheck) fill() {
	setDefault(&r.Name, "readinessCheck")
	setDefault(&r.Protocol, "HTTP")
	setDefault(&r.Path, "/")
	setDefault(&r.PortName, "http-api")
	setDefault(&r.IntervalSeconds, new(30))
	setDefault(&r.TimeoutSeconds, new(10))
	if len(r.HTTPStatusCodesForReady) == 0 {
		r.HTTPStatusCodesForReady = []int{200}
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
