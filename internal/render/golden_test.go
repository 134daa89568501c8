package render_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/render"
	"dce/internal/task"
)

// A case is a directory of testdata/cases: compose files in in/, the task's
// facts in task.json, and in want/ the rendered file (rendered.yaml, with
// --explain's comments; absent where there is an error), the port map (ports)
// and the diagnostics (diagnostics). `go test -update` writes want/ anew.
var update = flag.Bool("update", false, "write want/ of every case anew")

const casesDir = "testdata/cases"

func TestCases(t *testing.T) {
	entries, err := os.ReadDir(casesDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			dir := filepath.Join(casesDir, e.Name())
			got := outcome(t, dir)
			if *update {
				rewrite(t, filepath.Join(dir, "want"), got)
			}
			for name, text := range got {
				want, err := os.ReadFile(filepath.Join(dir, "want", name))
				if err != nil {
					t.Fatalf("%v (go test -update writes it)", err)
				}
				if diff := cmp.Diff(string(want), text); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			orphans(t, dir, got)
		})
	}
}

// outcome is what want/ should hold.
func outcome(t *testing.T, dir string) map[string]string {
	t.Helper()
	in, root := caseInput(t, dir)
	checkPod(t, in)
	r := render.Render(in)
	got := map[string]string{"diagnostics": ""}
	for _, d := range r.Diagnostics {
		got["diagnostics"] += strings.ReplaceAll(d.String(), root+"/", "") + "\n"
	}
	if r.Diagnostics.HasErrors() {
		return got
	}
	out, err := r.Explain()
	if err != nil {
		t.Fatal(err)
	}
	got["rendered.yaml"] = strings.ReplaceAll(string(out), root, "/in")
	for _, p := range r.Ports {
		got["ports"] += fmt.Sprintf("%s %s:%d -> %d/%s (wanted %d, name %q)\n", p.Service, p.HostIP, p.HostPort, p.ContainerPort, p.Protocol, p.Wanted, p.Name)
	}
	return got
}

func caseInput(t *testing.T, dir string) (in render.Input, root string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "in", "compose.*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	files = append([]string{filepath.Join(dir, "in", "compose.yaml")}, files...)
	p, err := project.Load(t.Context(), project.Options{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	if root, err = filepath.Abs(filepath.Join(dir, "in")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "task.json"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := task.Decode("task.json", data)
	if err != nil {
		t.Fatal(err)
	}
	return render.Input{Project: p.Compose, Task: f.Task, Settings: f.Settings, Locate: p.Locate}, root
}

func rewrite(t *testing.T, dir string, got map[string]string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range got {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// orphans fails on files that no case reads.
func orphans(t *testing.T, dir string, got map[string]string) {
	t.Helper()
	known := []string{"in", "task.json", "want"}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) {
			t.Errorf("%s/%s is read by nothing", dir, e.Name())
		}
	}
	wanted, err := os.ReadDir(filepath.Join(dir, "want"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range wanted {
		if _, ok := got[e.Name()]; !ok {
			t.Errorf("%s/want/%s is no longer given", dir, e.Name())
		}
	}
}

// TestEveryRuleAndCodeHasACase holds the cases complete.
func TestEveryRuleAndCodeHasACase(t *testing.T) {
	dirs, err := filepath.Glob(casesDir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	rules, codes := map[string]bool{}, map[diag.Code]bool{"DCE140": true} // needs Settings.Cluster: TestAClusterNeedsImages
	for _, dir := range dirs {
		in, _ := caseInput(t, dir)
		r := render.Render(in)
		for _, c := range r.Changes {
			rules[c.Rule] = true
		}
		for _, d := range r.Diagnostics {
			codes[d.Code] = true
		}
	}
	for _, r := range render.Rules() {
		if r.Name != "checks" && !rules[r.Name] {
			t.Errorf("no case shows rule %s", r.Name)
		}
	}
	for _, e := range diag.Catalogue() {
		if mine := e.Code == "DCE112" || e.Code == "DCE113" || e.Code >= "DCE130" && e.Code <= "DCE150"; mine && !codes[e.Code] {
			t.Errorf("no case shows %s (%s)", e.Code, e.Title)
		}
	}
}

func TestJSONSaysTheSameAsYAML(t *testing.T) {
	r := rendered(t, example(load(t, "services: {web: {image: a, command: [echo, $$HOME], environment: {A: 'x$$y'}}}")))
	out, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(out, []byte(`"$$HOME"`)) || !json.Valid(out) {
		t.Errorf("got %s", out)
	}
	p, err := tryLoad(string(out))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(yamlOf(t, r.Project), yamlOf(t, p)); diff != "" {
		t.Errorf("(-rendered +loaded from JSON):\n%s", diff)
	}
}
