package marathon

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dce/internal/diag"
)

// merge lays the raw block over the app: mappings key by key, everything else
// replaces, but what is to be fetched is added.
func (b *builder) merge() {
	if len(b.in.Raw) == 0 {
		return
	}
	b.unknownKeys()
	merged, err := b.merged()
	if err == nil {
		err = json.Unmarshal(merged, &b.app)
	}
	if err != nil {
		key := "marathon"
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			key += "." + wrong.Field
		}
		b.problem(key, badRaw(key, err))
		return
	}
	b.checkMerged()
}

func (b *builder) merged() ([]byte, error) {
	own, err := encode(b.app)
	if err != nil {
		return nil, err
	}
	var app map[string]any
	if err := json.Unmarshal(own, &app); err != nil {
		return nil, fmt.Errorf("reading the app: %w", err)
	}
	raw := maps.Clone(b.in.Raw)
	if list, ok := raw["fetch"].([]any); ok {
		fetched, _ := app["fetch"].([]any)
		raw["fetch"] = append(fetched, list...)
	}
	if _, ok := raw["healthChecks"]; ok && b.in.Health != nil {
		// The checks are the app's own: Docker's no longer stand for them.
		if labels, ok := app["labels"].(map[string]any); ok {
			delete(labels, LabelHealth)
		}
	}
	return encode(overlay(app, raw))
}

func overlay(below, above map[string]any) map[string]any {
	for key, value := range above {
		if m, ok := value.(map[string]any); ok {
			if under, ok := below[key].(map[string]any); ok {
				below[key] = overlay(under, m)
				continue
			}
		}
		below[key] = value
	}
	return below
}

func (b *builder) unknownKeys() {
	for _, key := range slices.Sorted(maps.Keys(b.in.Raw)) {
		switch {
		case hasField(key):
			b.unknownWithin(key)
		case slices.Contains(otherKeys(), key):
		case slices.Contains(refusedKeys(), key):
			b.problem("marathon."+key, refusedKey(key))
		default:
			b.problem("marathon."+key, unknownKey(key))
		}
	}
}

// unknownWithin looks at the keys of a mapping, or of the mappings of a list.
func (b *builder) unknownWithin(key string) {
	known, looked := keysWithin()[key]
	if !looked {
		return
	}
	unknown := map[string]bool{}
	for _, m := range within(b.in.Raw[key]) {
		for name := range m {
			unknown[name] = !slices.Contains(known, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unknown)) {
		if unknown[name] {
			b.problem("marathon."+key, unknownKey(key+"."+name))
		}
	}
}

// keysWithin are those that Marathon knows within the values of App's fields
// (types/app.raml, healthCheck.raml, artifact.raml, network.raml).
func keysWithin() map[string][]string {
	return map[string][]string{
		"executorResources": {"cpus", "mem", "disk", "gpus"},
		"fetch":             {"uri", "extract", "executable", "cache", "destPath"},
		"healthChecks": {
			"protocol", "command", "path", "portIndex", "port", "gracePeriodSeconds", "intervalSeconds", "timeoutSeconds",
			"maxConsecutiveFailures", "delaySeconds", "ipProtocol", "ignoreHttp1xx",
		},
		"portDefinitions": {"port", "name", "protocol", "labels"},
		"upgradeStrategy": {"minimumHealthCapacity", "maximumOverCapacity"},
	}
}

// otherKeys are those that Marathon knows beside App's fields
// (docs/docs/rest-api/public/api/v2/types/app.raml).
func otherKeys() []string {
	return []string{
		"backoffFactor", "backoffSeconds", "check", "dependencies", "gpus", "killSelection", "maxLaunchDelaySeconds",
		"networks", "readinessChecks", "requirePorts", "residency", "resourceLimits", "tty", "unreachableStrategy", "user",
	}
}

// refusedKeys make an app that cannot start a custom executor, or are the
// older names of keys that are set already.
func refusedKeys() []string {
	return []string{"args", "container", "ipAddress", "ports", "storeUrls", "uris", "version", "versionInfo"}
}

// checkMerged looks for what the raw block has taken away.
func (b *builder) checkMerged() {
	if len(b.app.Cmd) < 2 {
		b.problem("marathon.cmd", diag.Diagnostic{
			Code: "DCE725", Summary: fmt.Sprintf("cmd %q is shorter than Marathon takes", b.app.Cmd),
			Detail: "cmd is the executor's argument string; Marathon refuses less than two characters.",
			Hint:   "leave it out: dce sets it to \"executor\"",
		})
	}
	if have, need := len(b.app.PortDefinitions), len(b.in.Ports); have < need {
		var names []string
		for _, p := range b.in.Ports {
			names = append(names, fmt.Sprintf("%s %d/%s", p.Service, p.Container, strings.Join(p.Protocols, "+")))
		}
		b.problem("marathon.portDefinitions", diag.Diagnostic{
			Code: "DCE726", Summary: fmt.Sprintf("the pod publishes %d ports, portDefinitions has %d", need, have),
			Detail: "Each of them needs a host port of its own: " + strings.Join(names, ", ") + ".",
			Hint:   "remove portDefinitions from the marathon block, or add what is missing, in this order",
		})
	}
	if !slices.Equal(b.hostNetwork(), []string{"host"}) && len(b.in.Ports) > 0 {
		b.problem("marathon.networks", diag.Diagnostic{
			Code: "DCE726", Summary: "the pod publishes ports, but on this network Marathon gives no host ports",
			Detail: "Port definitions count with host networking only: the executor's network, not that of the pod's containers.",
			Hint:   "remove networks from the marathon block; a network for the pod itself is infra.network",
		})
	}
}

// hostNetwork are the modes of the app's networks.
func (b *builder) hostNetwork() []string {
	raw, ok := b.app.Extra["networks"]
	if !ok {
		return []string{"host"}
	}
	var networks []struct {
		Mode string `json:"mode"`
	}
	if err := json.Unmarshal(raw, &networks); err != nil {
		return nil
	}
	var modes []string
	for _, n := range networks {
		modes = append(modes, n.Mode)
	}
	return modes
}

func badRaw(key string, err error) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE727", Summary: key + " cannot be merged into the app: its value is of another type", Cause: err,
		Hint: "write each key with the type that Marathon's app definition gives it",
	}
}

func unknownKey(key string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE728", Severity: diag.Warning, Summary: fmt.Sprintf("dce does not know the key %q of Marathon's apps", key),
		Detail: "It is passed on as it is.", Hint: "check its name, if it is not of a Marathon newer than 1.10",
	}
}

func refusedKey(key string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "DCE727", Summary: fmt.Sprintf("the key %q cannot stand in the marathon block", key),
		Detail: "A pod is started by an executor of its own: with args or container Marathon cannot start one, and the others are older names, or Marathon's to set.",
		Hint:   "remove it",
	}
}
