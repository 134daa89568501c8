package render_test

import (
	"context"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"dce/internal/render"
	"dce/internal/task"
)

// load loads one compose file as internal/project does.
func load(tb testing.TB, content string) *types.Project {
	tb.Helper()
	p, err := tryLoad(content)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func tryLoad(content string) (*types.Project, error) {
	return loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  "/pod",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: []byte(content)}},
		Environment: types.Mapping{},
	}, func(o *loader.Options) {
		o.SetProjectName("pod", false)
		o.SkipNormalization = true
	})
}

func TestRenderGivesTheSamePodAgain(t *testing.T) {
	p := load(t, "services: {web: {image: a, ports: ['80:8080', '53:53/udp', '53:53/tcp'], command: 'echo $$HOME'}, db: {image: b, expose: [5432]}}")
	in := render.Input{Project: p, Task: task.Example("pod", len(render.PublishedPorts(p)))}
	first := render.Render(in)
	if first.Diagnostics.HasErrors() {
		t.Fatal(first.Diagnostics)
	}
	text := yamlOf(t, first.Project)
	t.Log(text)
	reloaded := load(t, text)
	if diff := cmp.Diff(text, yamlOf(t, reloaded)); diff != "" {
		t.Errorf("the rendered file loads into another project (-rendered +reloaded):\n%s", diff)
	}
	in.Project = reloaded
	if diff := cmp.Diff(text, yamlOf(t, render.Render(in).Project)); diff != "" {
		t.Errorf("rendering twice (-once +twice):\n%s", diff)
	}
}

func yamlOf(tb testing.TB, p *types.Project) string {
	tb.Helper()
	out, err := render.YAML(p)
	if err != nil {
		tb.Fatal(err)
	}
	return string(out)
}
