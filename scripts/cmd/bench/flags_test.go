package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// What goreleaser builds must be what was measured.
func TestTheReleaseIsBuiltWithTheFlagsOfTheScript(t *testing.T) {
	out, err := exec.Command("../../build-flags").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../../../goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var release struct {
		Builds []struct{ Flags, Tags, Gcflags []string }
	}
	if err := yaml.Unmarshal(data, &release); err != nil {
		t.Fatal(err)
	}
	first := release.Builds[0]
	got := append(first.Flags, "-tags="+strings.Join(first.Tags, ","))
	for _, g := range first.Gcflags {
		got = append(got, "-gcflags="+g)
	}
	if diff := cmp.Diff(strings.Fields(string(out)), got); diff != "" {
		t.Errorf("-script +goreleaser.yaml:\n%s", diff)
	}
}
