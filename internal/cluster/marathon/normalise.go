package marathon

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"dce/internal/cluster"
)

// Normalise is a definition as flat settings, "healthChecks.0.protocol" and the
// like, without what stands for nothing: Marathon's defaults, which it answers
// with and nobody wrote, empty values, and old names of what it tells by new
// ones. Two definitions that mean the same have the same settings.
func Normalise(definition json.RawMessage) (map[string]string, error) {
	app, err := writable(definition)
	if err != nil {
		return nil, err
	}
	for _, key := range deprecated() {
		delete(app, key)
	}
	without(app, defaults())
	with(app, always())
	for key, plain := range elementDefaults() {
		for _, element := range within(app[key]) {
			without(element, plain)
		}
	}
	for key, value := range elementAlways() {
		for _, element := range within(app[key]) {
			with(element, value)
		}
	}
	settings := map[string]string{}
	flatten(settings, "", app)
	return settings, nil
}

// deprecated are keys that say again, in an older way, what others say.
func deprecated() []string { return []string{"uris", "ports", "ipAddress", "storeUrls", "residency"} }

// defaults are what Marathon answers with where an app does not say it
// (reference: types/app.raml).
func defaults() map[string]any {
	return map[string]any{
		"disk": 0.0, "gpus": 0.0, "executor": "", "requirePorts": false,
		"networks":              []any{map[string]any{"mode": "host"}},
		"backoffSeconds":        1.0,
		"backoffFactor":         1.15,
		"killSelection":         "YOUNGEST_FIRST",
		"tty":                   false,
		"resourceLimits":        map[string]any{},
		"maxLaunchDelaySeconds": 300.0,
	}
}

// always are what every app has, and worth to be shown.
func always() map[string]any { return map[string]any{"cpus": 1.0, "mem": 128.0, "instances": 1.0} }

// elementDefaults are the defaults within mappings, and within the elements of
// lists. Marathon fills in each that is missing.
func elementDefaults() map[string]map[string]any {
	return map[string]map[string]any{
		"executorResources":   {"gpus": 0.0},
		"upgradeStrategy":     {"minimumHealthCapacity": 1.0, "maximumOverCapacity": 1.0},
		"unreachableStrategy": {"inactiveAfterSeconds": 0.0, "expungeAfterSeconds": 0.0},
		"fetch":               {"extract": true, "executable": false, "cache": false},
		"portDefinitions":     {"protocol": "tcp"},
		"healthChecks": {
			"protocol":           "HTTP",
			"gracePeriodSeconds": 300.0, "intervalSeconds": 60.0, "timeoutSeconds": 20.0, "maxConsecutiveFailures": 3.0,
			"delaySeconds": 15.0, "ignoreHttp1xx": false, "ipProtocol": "IPv4", "path": "/", "portIndex": 0.0,
		},
		"readinessChecks": {
			"name": "readinessCheck", "protocol": "HTTP", "path": "/", "portName": "http-api", "intervalSeconds": 30.0,
			"timeoutSeconds": 10.0, "httpStatusCodesForReady": []any{200.0}, "preserveLastResponse": false,
		},
	}
}

// elementAlways is what every mapping or element has: its being there counts.
func elementAlways() map[string]map[string]any {
	return map[string]map[string]any{
		"executorResources": {"cpus": 0.1, "mem": 32.0, "disk": 10.0},
		"portDefinitions":   {"port": 0.0},
	}
}

// within are the mappings that a value is or holds.
func within(value any) []map[string]any {
	var found []map[string]any
	for _, v := range append(list(value), value) {
		if m, ok := v.(map[string]any); ok {
			found = append(found, m)
		}
	}
	return found
}

func with(m, plain map[string]any) {
	for key, value := range plain {
		if m[key] == nil {
			m[key] = value
		}
	}
}

func without(m, plain map[string]any) {
	for key, value := range plain {
		if reflect.DeepEqual(m[key], value) {
			delete(m, key)
		}
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// flatten writes the leaves of a value; empty ones say nothing.
func flatten(into map[string]string, at string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			flatten(into, join(at, key), v[key])
		}
	case []any:
		if words, ok := scalars(v); ok {
			if len(words) > 0 {
				into[at] = strings.Join(words, " ")
			}
			return
		}
		for i, e := range v {
			flatten(into, join(at, strconv.Itoa(i)), e)
		}
	default:
		into[at] = scalar(v)
	}
}

func join(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

// scalars are the elements of a list of plain values.
func scalars(l []any) ([]string, bool) {
	words := make([]string, len(l))
	for i, e := range l {
		switch e.(type) {
		case map[string]any, []any:
			return nil, false
		}
		words[i] = scalar(e)
	}
	return words, true
}

func scalar(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// WithoutChosen takes what Marathon has chosen out of the settings of a running
// app and those of one that is to be sent. A role that is not sent is --mesos_role,
// or that of the top group (api/v2/AppNormalization.scala, util/RoleSettings.scala);
// Marathon before 1.9 knows none. It answers with both alike, so a label tells of
// one that was sent.
func WithoutChosen(running, wanted *cluster.Release) {
	var app struct {
		Labels map[string]string `json:"labels"`
	}
	_ = json.Unmarshal(running.Definition, &app) // it was read before
	withoutChosen(running.Settings, wanted.Settings, app.Labels[LabelRole] != "")
}

func withoutChosen(running, sent map[string]string, named bool) {
	if sent["role"] == "" && !named || sent["role"] == "*" && running["role"] == "" {
		delete(running, "role")
		delete(sent, "role")
	}
	SamePorts(running, sent)
}

// SamePorts takes service ports that nobody chose out of two sets of settings
// that are to be compared: where one says 0, Marathon has chosen the other's.
func SamePorts(a, b map[string]string) {
	for key := range a {
		if isPort(key) && (a[key] == "0" || b[key] == "0") {
			delete(a, key)
			delete(b, key)
		}
	}
}

func isPort(key string) bool {
	rest, ok := strings.CutPrefix(key, "portDefinitions.")
	return ok && strings.HasSuffix(rest, ".port")
}
