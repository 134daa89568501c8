package ship

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/bundle"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A case of testdata is a directory with a project in in/ that is deployed to
// qa, over the compose files of the directory that `from` names, if any. What
// comes of it stands in want.json: the app, the warnings and the bundle; or all
// that is wrong in want.diag.
func TestShipments(t *testing.T) {
	cases, err := filepath.Glob("testdata/*/*")
	if err != nil || len(cases) < 20 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, dir := range cases {
		t.Run(strings.TrimPrefix(dir, "testdata/"), func(t *testing.T) {
			t.Setenv("HOME", "/home/me") // what ~ is, here and in compose-go
			in := filepath.Join(t.TempDir(), "project")
			if from, err := os.ReadFile(filepath.Join(dir, "from")); err == nil {
				copyTree(t, filepath.FromSlash(strings.TrimSpace(string(from))), in)
			}
			copyTree(t, filepath.Join(dir, "in"), in)
			s, err := Prepare(t.Context(), options(in, "SHOP_TOKEN=token-of-the-deployer", "HOME=/home/me"))
			if filepath.Base(filepath.Dir(dir)) == "bad" {
				if err == nil {
					t.Fatal("deploys")
				}
				// How well it compresses is another matter.
				text := regexp.MustCompile(`[0-9]+ bytes, compressed`).ReplaceAllString(lines(in, err), "N bytes, compressed")
				golden(t, filepath.Join(dir, "want.diag"), []byte(text))
				return
			}
			if err != nil {
				t.Fatal(lines(in, err), err)
			}
			golden(t, filepath.Join(dir, "want.json"), shown(t, in, s))
		})
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(at, 0o755)
		case d.Type()&os.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, at)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(at, data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// shown is a shipment for a person to read: what depends on each byte of the
// files is left out.
func shown(t *testing.T, in string, s *Shipment) []byte {
	t.Helper()
	m, _, err := bundle.Open(s.Bundle.Data, s.Bundle.Digest)
	if err != nil {
		t.Fatal(err)
	}
	app := s.App
	for i, f := range app.Fetch {
		app.Fetch[i].URI = strings.ReplaceAll(f.URI, strings.TrimPrefix(s.Bundle.Digest, "sha256:")[:16], "DIGEST")
	}
	for _, label := range []string{"dce.bundle", "dce.bundle.digest", "dce.bundle.file"} {
		if _, ok := app.Labels[label]; ok {
			app.Labels[label] = "(left out)"
		}
	}
	var warnings []string
	for _, w := range s.Warnings {
		warnings = append(warnings, strings.ReplaceAll(w.String(), in+"/", ""))
	}
	text, err := json.MarshalIndent(map[string]any{
		"app": app, "files": Files(s.Bundle), "manifest": m, "uploads": len(s.Uploads), "warnings": warnings,
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
