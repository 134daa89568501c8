package ship

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dce/internal/bundle"
	"dce/internal/diag"
	"dce/internal/project"
)

// options are those of a deployer whose environment holds nothing else.
func options(dir string, environ ...string) Options {
	return Options{Version: "1.2.3", Project: project.Options{
		Dir: dir, Environment: "qa", SystemConfig: filepath.Join(dir, "none"), Environ: environ,
	}}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func lines(dir string, err error) string {
	l, _ := diag.Of(err)
	var b strings.Builder
	for _, d := range l {
		b.WriteString(d.String() + "\n    " + d.Hint + "\n")
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), dir+"/", ""), filepath.Dir(dir), "..")
}

func TestABundleInTheLabelIsThePod(t *testing.T) {
	dir := write(t, map[string]string{
		"compose.yaml":    "services:\n  web:\n    image: web:${TAG}\n    env_file: web.env\n    volumes: [./conf:/conf:ro]\n    ports: [\"80:8080\"]\n",
		"compose.qa.yaml": "services: {web: {mem_limit: 64m}}\n",
		"web.env":         "A=1\n",
		"conf/a.conf":     "a\n",
		"dce.yaml":        "environments: {qa: {values: {TAG: \"7\"}, target: {urls: [http://marathon.example]}}}\n",
	})
	s, err := Prepare(t.Context(), options(dir, "UNRELATED=1"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(s.App.Labels["dce.bundle"])
	if err != nil {
		t.Fatal(err)
	}
	m, files, err := bundle.Open(data, s.App.Labels["dce.bundle.digest"])
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Path)
	}
	if got := strings.Join(names, " "); got != "compose.qa.yaml compose.yaml conf conf/a.conf web.env" {
		t.Errorf("files are %s", got)
	}
	if len(m.Values) != 1 || m.Values["TAG"] != "7" {
		t.Errorf("values are %v", m.Values)
	}
	if got := s.App.Labels["dce.images"]; got != "web=web:7" {
		t.Errorf("images are %s", got)
	}
	if s.App.Mem != 64 || len(s.App.PortDefinitions) != 1 || s.App.PortDefinitions[0].Name != "web-8080" {
		t.Errorf("app is %+v", s.App)
	}
}
