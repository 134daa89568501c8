package project

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeFiles makes a directory that holds the given files.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

func write(tb testing.TB, dir string, files map[string]string) {
	tb.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestDiscovery(t *testing.T) {
	base := "services: {web: {image: base}}\n"
	all := map[string]string{
		"compose.yaml":          base,
		"compose.override.yaml": "services: {web: {image: override}}\n",
		"compose.prod.yaml":     "services: {web: {image: prod}}\n",
		"other/stack.yaml":      "services: {web: {image: stack}}\n",
		"other/stack.qa.yml":    "services: {web: {image: stackqa}}\n",
		"sub/dir/.keep":         "",
		"prod.env":              "COMPOSE_FILE=compose.prod.yaml\n",
	}
	tests := map[string]struct {
		options Options
		want    string
	}{
		"the override file counts without --env":      {Options{}, "override"},
		"the override file is left out with --env":    {Options{Environment: "prod"}, "prod"},
		"a directory below finds the files above":     {Options{Dir: "sub/dir"}, "override"},
		"-f leaves the override file out":             {Options{Files: []string{"compose.yaml"}}, "base"},
		"a later -f wins":                             {Options{Files: []string{"compose.yaml", "compose.prod.yaml"}}, "prod"},
		"DCE_FILE goes before COMPOSE_FILE":           {Options{Environ: []string{"DCE_FILE=compose.yaml", "COMPOSE_FILE=compose.prod.yaml"}}, "base"},
		"COMPOSE_PATH_SEPARATOR splits COMPOSE_FILE":  {Options{Environ: []string{"COMPOSE_FILE=compose.yaml|compose.prod.yaml", "COMPOSE_PATH_SEPARATOR=|"}}, "prod"},
		"COMPOSE_FILE of an env file that is named":   {Options{EnvFiles: []string{"prod.env"}}, "prod"},
		"and of one that COMPOSE_ENV_FILES names":     {Options{Environ: []string{"COMPOSE_ENV_FILES=prod.env"}}, "prod"},
		"an environment's file is named after the -f": {Options{Files: []string{"other/stack.yaml"}, Environment: "qa"}, "stackqa"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, all)
			tc.options.Dir = filepath.Join(dir, tc.options.Dir)
			p, err := Load(t.Context(), tc.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, p.Compose.Services["web"].Image); diff != "" {
				t.Errorf("image of web (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheDefaultNetworkNeedsNoDeclaration(t *testing.T) {
	dir := writeFiles(t, map[string]string{"compose.yaml": "services: {web: {image: a, networks: {default: {aliases: [www]}}}}\n"})
	p, err := Load(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"www"}, p.Compose.Services["web"].Networks["default"].Aliases); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
}

func TestEnvFilesSeeTheFactsOfTheTask(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		".env":         "URL=http://${HOST}:${PORT0}\nHOST=mine\n",
		"compose.yaml": "services: {web: {image: a, environment: {URL: '${URL} on ${HOST}'}}}\n",
	})
	p, err := Load(t.Context(), Options{Dir: dir, TaskEnv: map[string]string{"HOST": "agent7", "PORT0": "31005"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *p.Compose.Services["web"].Environment["URL"], "http://agent7:31005 on agent7"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
