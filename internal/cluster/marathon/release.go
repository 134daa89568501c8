package marathon

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"dce/internal/cluster"
)

// LabelReplaces names the version that failed, on the release that was deployed
// to get back from it.
const LabelReplaces = "dce.replaces"

// ReadRelease is an app of Marathon as a release. Its services are not known
// from it alone.
func ReadRelease(definition json.RawMessage) (*cluster.Release, error) {
	var app struct {
		Version   string            `json:"version"`
		Instances *int              `json:"instances"`
		Labels    map[string]string `json:"labels"`
	}
	if err := json.Unmarshal(definition, &app); err != nil {
		return nil, fmt.Errorf("reading an app: %w", err)
	}
	r := &cluster.Release{Version: app.Version, Instances: 1, Definition: definition, Origin: readOrigin(app.Labels)}
	if app.Instances != nil {
		r.Instances = *app.Instances
	}
	settings, err := Normalise(definition)
	r.Settings = settled(settings)
	return r, err
}

// settled are the settings that count: who deployed does not, and of the bundle
// its digest stands for the rest.
func settled(settings map[string]string) map[string]string {
	file := settings["labels."+LabelBundleFile]
	out := map[string]string{}
	for key, value := range settings {
		label, isLabel := strings.CutPrefix(key, "labels.")
		switch {
		case key == "instances", isLabel && (IsDeploymentLabel(label) || label == LabelReplaces):
		case isLabel && (label == LabelBundle || label == LabelBundleFile || label == LabelImages || label == LabelRole):
		case isLabel && label == LabelBundleDigest:
			out[cluster.SettingBundle] = value
		case file != "" && strings.HasPrefix(key, "fetch.") && strings.HasSuffix(settings[fetchOf(key)+".uri"], "/"+file):
		default:
			out[key] = value
		}
	}
	return out
}

// fetchOf is the element of the list that a setting belongs to: "fetch.1".
func fetchOf(key string) string {
	parts := strings.SplitN(key, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

func readOrigin(labels map[string]string) cluster.Origin {
	o := cluster.Origin{By: labels[LabelDeployer], Message: labels[LabelMessage], Digest: labels[LabelBundleDigest], Replaces: labels[LabelReplaces]}
	if at, err := time.Parse(time.RFC3339, labels[LabelTime]); err == nil {
		o.At = at
	}
	for pair := range strings.SplitSeq(labels[LabelImages], ",") {
		if service, image, ok := strings.Cut(pair, "="); ok {
			if o.Images == nil {
				o.Images = map[string]string{}
			}
			o.Images[service] = image
		}
	}
	return o
}

// definitionOf is what is sent for a release: its definition with its instances
// and origin.
func definitionOf(r cluster.Release) (map[string]any, error) {
	fields, err := writable(r.Definition)
	if err != nil {
		return nil, err
	}
	for _, key := range deprecated() {
		if key != "residency" {
			delete(fields, key) // Marathon refuses the old name beside the new one
		}
	}
	fields["instances"] = r.Instances
	labels, _ := fields["labels"].(map[string]any)
	labels = maps.Clone(labels)
	if labels == nil {
		labels = map[string]any{}
	}
	for key, value := range writeOrigin(r.Origin) {
		if delete(labels, key); value != "" {
			labels[key] = value
		}
	}
	fields["labels"] = labels
	return fields, nil
}

// writeOrigin are the labels that tell who deploys; empty ones are taken away.
func writeOrigin(o cluster.Origin) map[string]string {
	labels := map[string]string{LabelDeployer: o.By, LabelMessage: strings.TrimSpace(o.Message), LabelReplaces: o.Replaces, LabelTime: ""}
	if !o.At.IsZero() {
		labels[LabelTime] = o.At.UTC().Format(time.RFC3339)
	}
	return labels
}
