package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Text describes a release by its settings and services, one a line in a fixed
// order, for a program that compares texts; nil is an empty text. Values of
// secrets are in no release.
func (r *Release) Text() string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "instances: %d\n", r.Instances)
	writeSettings(&b, "", r.Settings)
	for _, name := range slices.Sorted(maps.Keys(r.Services)) {
		fmt.Fprintf(&b, "service %s:\n", name)
		writeSettings(&b, "  ", r.Services[name])
	}
	return b.String()
}

func writeSettings(b *strings.Builder, indent string, settings map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		value := strings.ReplaceAll(strings.TrimRight(settings[name], "\n"), "\n", "\n"+indent+"  ")
		fmt.Fprintf(b, "%s%s: %s\n", indent, name, value)
	}
}
