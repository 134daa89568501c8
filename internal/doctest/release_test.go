package doctest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// release is what a test can hold of goreleaser.yaml without goreleaser.
type release struct {
	Version  int     `yaml:"version"`
	Builds   []build `yaml:"builds"`
	Archives []struct {
		ID    string   `yaml:"id"`
		IDs   []string `yaml:"ids"`
		Files []string `yaml:"files"`
	} `yaml:"archives"`
	Checksum struct {
		Split     bool   `yaml:"split"`
		Algorithm string `yaml:"algorithm"`
	} `yaml:"checksum"`
}

// build is one of its builds.
type build struct {
	ID      string   `yaml:"id"`
	Main    string   `yaml:"main"`
	GOOS    []string `yaml:"goos"`
	GOARCH  []string `yaml:"goarch"`
	Env     []string `yaml:"env"`
	Flags   []string `yaml:"flags"`
	Tags    []string `yaml:"tags"`
	LDFlags []string `yaml:"ldflags"`
}

func TestReleasesAreBuiltAsSnapshotsAre(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repo, "goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var r release
	if err := yaml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	snapshot, err := os.ReadFile(filepath.Join(repo, "scripts", "snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	flags := strings.Fields(script(t, "build-flags"))
	link := []string{strings.TrimSpace(script(t, "link-flags", "{{ .Version }}"))}
	targets := 0
	for _, b := range r.Builds {
		if diff := cmp.Diff([]string{"CGO_ENABLED=0"}, b.Env); diff != "" {
			t.Errorf("build %s: %s", b.ID, diff)
		}
		if diff := cmp.Diff(link, b.LDFlags); diff != "" {
			t.Errorf("build %s: -scripts/link-flags +goreleaser.yaml\n%s", b.ID, diff)
		}
		if diff := cmp.Diff(flags, b.flags()); diff != "" {
			t.Errorf("build %s: -scripts/build-flags +goreleaser.yaml\n%s", b.ID, diff)
		}
		for _, goos := range b.GOOS {
			for _, goarch := range b.GOARCH {
				targets++
				if !strings.Contains(string(snapshot), goos+"/"+goarch) {
					t.Errorf("scripts/snapshot does not build %s/%s", goos, goarch)
				}
			}
		}
		if _, err := os.Stat(filepath.Join(repo, b.Main)); err != nil {
			t.Error(err)
		}
	}
	if targets != 6 || !r.Checksum.Split || r.Checksum.Algorithm != "sha256" {
		t.Errorf("%d targets, checksums %+v", targets, r.Checksum)
	}
}

// script is what one prints that says how dce is built.
func script(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(repo, "scripts", name), args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// flags are those of a build in the form of Go's command line.
func (b build) flags() []string {
	return append(slices.Clone(b.Flags), "-tags="+strings.Join(b.Tags, ","))
}

func TestEveryArchiveHoldsABuild(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repo, "goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var r release
	if err := yaml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, b := range r.Builds {
		known[b.ID] = true
	}
	for _, a := range r.Archives {
		for _, id := range a.IDs {
			if !known[id] {
				t.Errorf("archive %s holds the unknown build %s", a.ID, id)
			}
		}
	}
}
