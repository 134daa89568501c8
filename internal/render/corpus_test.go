package render_test

import (
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

// corpus are compose files that nobody here wrote (testdata/corpus/README.md).
func corpus(tb testing.TB) []string {
	tb.Helper()
	var files []string
	for _, pattern := range []string{"testdata/corpus/awesome-compose/*/compose.yaml", "testdata/corpus/dce-go/*.yml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) != 19+9 {
		tb.Fatalf("the corpus has %d files", len(files))
	}
	return files
}

// TestTheCorpusRendersOrIsRefusedWithItsPlace loads each file as dce does. The
// refused ones are listed: a change that refuses another is seen.
func TestTheCorpusRendersOrIsRefusedWithItsPlace(t *testing.T) {
	refused := map[string]diag.Code{}
	for _, file := range corpus(t) {
		name := strings.TrimPrefix(file, "testdata/corpus/")
		t.Run(name, func(t *testing.T) {
			p, err := project.Load(t.Context(), project.Options{Files: []string{file}})
			if err != nil {
				refused[name] = placed(t, err)
				return
			}
			in := render.Input{
				Project: p.Compose, Task: task.Example(p.Compose.Name, len(render.PublishedPorts(p.Compose))),
				Settings: p.Config.Render, Locate: p.Locate,
			}
			result := render.Render(in)
			if err := result.Diagnostics.Err(); err != nil {
				refused[name] = placed(t, err)
				return
			}
			for _, d := range result.Diagnostics {
				if d.Pos.Line == 0 {
					t.Errorf("no place: %s", d)
				}
			}
			checkPod(t, in)
			out, err := result.YAML()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := project.LoadRendered(t.Context(), out); err != nil {
				t.Errorf("does not load to be run: %v", err)
			}
		})
	}
	want := map[string]diag.Code{
		// web1 and web2 both publish container port 5000.
		"awesome-compose/nginx-nodejs-redis/compose.yaml": "DCE112",
		// Half of what dce-go made: its other half is the infra container.
		"dce-go/docker-compose-bridge-generated.yml": "DCE110",
		// Half of a pod: web's image is in its neighbour.
		"dce-go/docker-compose-healthcheck.yml": "DCE155",
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

// placed is the code of the first error; all must name file, line and what to do.
func placed(t *testing.T, err error) diag.Code {
	t.Helper()
	list, ok := diag.Of(err)
	if !ok {
		t.Fatalf("refused without a diagnostic: %v", err)
	}
	for _, d := range list {
		t.Log(d)
		if d.Severity == diag.Error && (d.Pos.File == "" || d.Pos.Line == 0 || d.Hint == "") {
			t.Errorf("no place or no hint: %+v", d)
		}
	}
	first := slices.IndexFunc(list, func(d diag.Diagnostic) bool { return d.Severity == diag.Error })
	return list[first].Code
}

// FuzzRender renders whatever loads. It must not panic, and what is not refused
// must hold what every pod holds.
func FuzzRender(f *testing.F) {
	for _, file := range corpus(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, content string) {
		p := loadFuzzed(content)
		if p == nil {
			t.Skip("does not load")
		}
		checkPod(t, example(p))
	})
}
