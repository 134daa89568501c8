package ship

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"dce/internal/bundle"
	"dce/internal/cluster/marathon"
	"dce/internal/project"
	"dce/internal/render"
	"dce/internal/task"
)

// Services are the containers of a shipment's pod as flat settings, by the name
// of the service: "image", "environment.LOG_LEVEL". Values that are secret are
// not among them.
func (s *Shipment) Services() (map[string]map[string]string, error) {
	return services(s.Rendered, s.Project.Parts().Root)
}

// ServicesOf are those of an app that has its bundle in a label, rendered from
// that; nil where the bundle is elsewhere.
func ServicesOf(ctx context.Context, app marathon.App) (map[string]map[string]string, error) {
	data, err := base64.StdEncoding.DecodeString(app.Labels[marathon.LabelBundle])
	if err != nil || len(data) == 0 {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dce-bundle-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for a bundle: %w", err)
	}
	defer os.RemoveAll(dir)
	m, files, err := bundle.Open(data, app.Labels[marathon.LabelBundleDigest])
	if err != nil {
		return nil, err
	}
	if err := bundle.Write(dir, m, files); err != nil {
		return nil, err
	}
	rendered, err := renderBundle(ctx, dir, m)
	if err != nil {
		return nil, err
	}
	return services(rendered, dir)
}

// renderBundle renders the pod of an unpacked bundle with example facts, as
// load does with a project.
func renderBundle(ctx context.Context, dir string, m bundle.Manifest) (render.Result, error) {
	o := project.Options{SystemConfig: filepath.Join(dir, "none")}
	m.Load(dir, agentSecrets, &o)
	m.Pretend(&o)
	o.TaskEnv = task.Interpolation(task.Example(o.Name, examplePorts), render.Settings{})
	p, err := project.Load(ctx, o)
	if err != nil {
		return render.Result{}, err
	}
	facts := task.Example(p.Compose.Name, len(render.PublishedPorts(p.Compose)))
	settings := p.Config.Render
	settings.Cluster = true
	r := render.Render(render.Input{Project: p.Compose, Task: facts, Settings: settings, Locate: p.Locate})
	return r, r.Diagnostics.Err()
}

// services flattens the services of a rendered pod. What only says whose pod it
// is, and the directory that its files were in, is no difference.
func services(r render.Result, root string) (map[string]map[string]string, error) {
	text, err := r.YAML()
	if err != nil {
		return nil, err
	}
	var doc struct {
		Services map[string]map[string]any `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("reading the rendered pod: %w", err)
	}
	all := map[string]map[string]string{}
	for name, s := range doc.Services {
		if name == render.InfraService {
			continue
		}
		flat := map[string]string{}
		for key, value := range s {
			flatten(flat, key, value)
		}
		for key, value := range flat {
			if ofTask(key) {
				delete(flat, key)
				continue
			}
			flat[key] = strings.ReplaceAll(value, root, ".")
		}
		all[name] = flat
	}
	return all, nil
}

// ofTask: what rendering adds of the task's facts, which are examples here.
func ofTask(key string) bool {
	return slices.Contains([]string{"labels.taskId", "labels.executorId", "cgroup_parent", "container_name"}, key) || strings.HasPrefix(key, "labels.dce.")
}

func flatten(into map[string]string, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(into, at+"."+key, inner)
		}
	case []any:
		flattenList(into, at, v)
	case nil:
		into[at] = "(set on the agent)"
	default:
		into[at] = fmt.Sprint(v)
	}
}

func flattenList(into map[string]string, at string, l []any) {
	var words []string
	for i, e := range l {
		switch e.(type) {
		case map[string]any, []any:
			flatten(into, at+"."+strconv.Itoa(i), e)
		default:
			words = append(words, fmt.Sprint(e))
		}
	}
	if len(words) > 0 {
		into[at] = strings.Join(words, " ")
	}
}
