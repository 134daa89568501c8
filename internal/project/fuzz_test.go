package project

import (
	"os"
	"path/filepath"
	"testing"

	"dce/internal/diag"
)

// FuzzLoad: whatever a compose file holds, loading ends, does not panic, and
// either gives a project or says what is wrong in codes of the catalogue. The
// seeds in testdata/fuzz are the corpus; those of testdata/bad are added here.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*/in/*compose*.y*ml", "testdata/good/*/in/*compose*.y*ml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal("no seeds: ", err)
		}
		for _, path := range files {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		o := isolated(dir)
		o.Name = "fuzz"
		p, err := Load(t.Context(), o)
		if err == nil {
			for _, name := range p.Compose.ServiceNames() {
				p.Locate("services", name, "image")
				p.Locate("services", name, "ports", "0")
			}
			return
		}
		l, ok := diag.Of(err)
		if !ok || len(l) == 0 {
			t.Fatalf("no diagnostics: %v", err)
		}
		for _, d := range l {
			if _, ok := diag.Lookup(d.Code); !ok || d.Summary == "" {
				t.Errorf("not in the catalogue, or without a word: %s", d)
			}
		}
	})
}

// FuzzConfig: the same of dce.yaml.
func FuzzConfig(f *testing.F) {
	for _, tc := range configCases() {
		f.Add([]byte(tc.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "dce.yaml")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, problems := readConfigFile(path, true)
		top, _ := split(c.settings, "prod")
		newConfig(layers{top: top}.merge())
		for _, d := range problems {
			if _, ok := diag.Lookup(d.Code); !ok {
				t.Errorf("not in the catalogue: %s", d)
			}
		}
	})
}
