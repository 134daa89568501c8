package render_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
	"dce/internal/render"
	"dce/internal/task"
)

// load loads the text of one compose file as internal/project does.
func load(tb testing.TB, content string) *types.Project {
	tb.Helper()
	p, err := tryLoad(content)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func tryLoad(content string) (p *types.Project, err error) {
	return loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  "/pod",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: []byte(content)}},
		Environment: types.Mapping{},
	}, func(o *loader.Options) {
		o.SetProjectName("pod", false)
		o.SkipNormalization = true
		o.SkipInclude = true
		o.SkipExtends = true
		o.SkipResolveEnvironment = true
		o.SkipResolveLabels = true
	})
}

// example renders a project with example facts.
func example(p *types.Project) render.Input {
	return render.Input{
		Project: p, Task: task.Example(p.Name, len(render.PublishedPorts(p))),
		Locate: func(path ...string) diag.Pos { return diag.Pos{File: filepath.Join(path...)} },
	}
}

// rendered renders, which must succeed.
func rendered(tb testing.TB, in render.Input) render.Result {
	tb.Helper()
	r := render.Render(in)
	if err := r.Diagnostics.Err(); err != nil {
		tb.Fatal(err)
	}
	return r
}

func yamlOf(tb testing.TB, p *types.Project) string {
	tb.Helper()
	out, err := render.YAML(p)
	if err != nil {
		tb.Fatal(err)
	}
	return string(out)
}

// checkPod holds what is true of every rendering: it leaves its input alone, is
// the same each time, loads again into the same project, and rendered again
// with the same facts is the same again.
func checkPod(tb testing.TB, in render.Input) {
	tb.Helper()
	before := yamlOf(tb, in.Project)
	first := render.Render(in)
	if diff := cmp.Diff(before, yamlOf(tb, in.Project)); diff != "" {
		tb.Fatalf("the input was changed (-before +after):\n%s", diff)
	}
	for _, d := range first.Diagnostics {
		if d.Code == "" || d.Summary == "" || d.Hint == "" {
			tb.Errorf("a diagnostic that helps nobody: %+v", d)
		}
	}
	if first.Diagnostics.HasErrors() {
		return
	}
	text := yamlOf(tb, first.Project)
	if diff := cmp.Diff(text, yamlOf(tb, render.Render(in).Project)); diff != "" {
		tb.Fatalf("two renderings differ:\n%s", diff)
	}
	checkReload(tb, in, text)
	checkExplained(tb, first, text)
}

func checkReload(tb testing.TB, in render.Input, text string) {
	tb.Helper()
	reloaded, err := tryLoad(text)
	if err != nil {
		tb.Fatalf("what was rendered does not load: %v\n%s", err, text)
	}
	if diff := cmp.Diff(text, yamlOf(tb, reloaded)); diff != "" {
		tb.Fatalf("loads into another project (-rendered +reloaded):\n%s", diff)
	}
	in.Project = reloaded
	again := render.Render(in)
	if err := again.Diagnostics.Err(); err != nil {
		tb.Fatalf("what was rendered is refused: %v\n%s", err, text)
	}
	if diff := cmp.Diff(text, yamlOf(tb, again.Project)); diff != "" {
		tb.Fatalf("rendering it again changes it (-once +twice):\n%s", diff)
	}
}

// checkExplained holds that comments change nothing.
func checkExplained(tb testing.TB, r render.Result, text string) {
	tb.Helper()
	explained, err := r.Explain()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := tryLoad(string(explained))
	if err != nil {
		tb.Fatalf("the explained file does not load: %v\n%s", err, explained)
	}
	if diff := cmp.Diff(text, yamlOf(tb, p)); diff != "" {
		tb.Fatalf("the explained file is another (-plain +explained):\n%s", diff)
	}
}

// loadFuzzed is nil for what does not load; compose-go panics on some of it.
func loadFuzzed(content string) (p *types.Project) {
	defer func() {
		if recover() != nil {
			p = nil
		}
	}()
	p, err := tryLoad(content)
	if err != nil {
		return nil
	}
	return p
}
