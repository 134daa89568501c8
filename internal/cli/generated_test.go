package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed files are what `dce gen` writes now; `make gen` writes them.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	a, all := tree(t)
	for kind, dir := range map[string]string{"docs": "docs/reference", "completions": "completions", "schema": "schema"} {
		files, err := a.generated(all[0], kind)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range files {
			names = append(names, f.name)
			committed, err := os.ReadFile(filepath.Join("../..", dir, f.name))
			if err != nil {
				t.Errorf("%v: run make gen", err)
				continue
			}
			if diff := cmp.Diff(string(committed), string(f.data)); diff != "" {
				t.Errorf("%s/%s is not what `dce gen %s` writes: run make gen\n%s", dir, f.name, kind, diff)
			}
		}
		orphans(t, filepath.Join("../..", dir), names)
	}
}

func orphans(t *testing.T, dir string, wanted []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(wanted, e.Name()) {
			t.Errorf("%s/%s is generated no more: remove it", dir, e.Name())
		}
	}
}
