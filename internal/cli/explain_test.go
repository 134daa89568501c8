package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"dce/internal/diag"
	"dce/internal/project"
	"dce/internal/render"
)

// dce runs one command in an empty directory.
func dce(t *testing.T, args ...string) (code int, stdout string) {
	t.Helper()
	var out bytes.Buffer
	code = Main(t.Context(), Env{
		Args: args, Program: "dce", Version: "test", Dir: t.TempDir(),
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: io.Discard,
	})
	return code, out.String()
}

// squeezed is a text without its line breaks, which depend on the width.
func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestExplainKnowsEveryCode(t *testing.T) {
	for _, e := range diag.Catalogue() {
		code, out := dce(t, "explain", string(e.Code))
		if code != 0 || !strings.Contains(out, e.Title) || !strings.Contains(squeezed(out), squeezed(e.Text)) {
			t.Errorf("explain %s exits with %d and prints %q", e.Code, code, out)
		}
	}
}

func TestExplainKnowsEveryRule(t *testing.T) {
	for _, r := range render.Rules() {
		code, out := dce(t, "explain", r.Name)
		if code != 0 || !strings.Contains(squeezed(out), squeezed(r.Why)) || !strings.Contains(out, r.Touches[0]) {
			t.Errorf("explain %s exits with %d and prints %q", r.Name, code, out)
		}
	}
}

func TestExplainKnowsEveryField(t *testing.T) {
	for _, f := range project.Fields() {
		code, out := dce(t, "explain", f.Path)
		if code != 0 || !strings.Contains(squeezed(out), squeezed(f.Doc)) {
			t.Errorf("explain %s exits with %d and prints %q", f.Path, code, out)
		}
	}
}

func TestExplainKnowsEveryExitCodeAndTopic(t *testing.T) {
	a := &app{}
	names := topicNames(a.topics())
	for _, r := range exitCodes() {
		names = append(names, r.Term)
	}
	for _, name := range names {
		if code, out := dce(t, "explain", name); code != 0 || out == "" {
			t.Errorf("explain %s exits with %d and prints %q", name, code, out)
		}
	}
}
