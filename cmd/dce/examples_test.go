package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"dce/internal/cli"
)

// needEngine are the commands whose examples start and stop real pods, here or
// on a cluster. The tests with an engine run them; here their arguments are read,
// and --help stands in for the rest.
func needEngine() []string {
	return []string{
		"dce up", "dce down", "dce ps", "dce logs", "dce ls", "dce executor", "dce reap",
		"dce diff", "dce deploy", "dce status", "dce rollback", "dce history", "dce scale", "dce stop", "dce devcluster start",
	}
}

// Every example in a help text runs as it stands, in a project that has what it
// speaks of.
func TestHelpExamplesRun(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("the examples are written for bash, which is not here")
	}
	dir := t.TempDir()
	for name, lines := range examples(t) {
		var b strings.Builder
		b.WriteString("mkdir fpath .config/fish/completions docs/reference\nenv HOME=$WORK\n")
		for _, line := range lines {
			fmt.Fprintf(&b, "exec bash -euc '%s'\n", strings.ReplaceAll(line, "'", `''`))
		}
		b.WriteString(exampleProject())
		if err := os.WriteFile(filepath.Join(dir, name+".txtar"), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := params(dir)
	p.UpdateScripts = false
	testscript.Run(t, p)
}

// examples are the runnable lines of each command's page, by its man page's
// name.
func examples(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	var stderr bytes.Buffer
	code := cli.Main(t.Context(), cli.Env{
		Program: "dce", Args: []string{"gen", "docs", dir}, Dir: dir, Stdout: &stderr, Stderr: &stderr,
	})
	if code != 0 {
		t.Fatalf("writing the reference: %s", stderr.String())
	}
	pages, err := filepath.Glob(filepath.Join(dir, "dce*.md"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	found := map[string][]string{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "## Examples\n\n```sh\n")
		block, _, _ := strings.Cut(rest, "\n```")
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if slices.ContainsFunc(needEngine(), func(c string) bool { return strings.HasPrefix(line, c) }) {
				line += " --help"
			}
			name := strings.TrimSuffix(filepath.Base(page), ".md")
			found[name] = append(found[name], strings.ReplaceAll(line, "${fpath[1]}", "fpath"))
		}
	}
	return found
}

// exampleProject is a project with what the examples speak of.
func exampleProject() string {
	return `
-- compose.yaml --
services:
  web:
    image: web:1
    ports: ["8080:80"]
-- compose.prod.yaml --
services:
  web:
    image: web:2
-- dce-task.json --
{"schema_version": 1, "settings": {}, "task": {"front": "mesos", "id": "shop.1", "pod_id": "c1", "ports": [{"number": 31000}]}}
`
}
