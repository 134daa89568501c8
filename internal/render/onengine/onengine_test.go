package onengine

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"dce/internal/enginetest"
	"dce/internal/project"
	"dce/internal/render"
	"dce/internal/task"
)

const corpusDir = "../testdata/corpus/awesome-compose"

// compose is Docker Compose, built from the module that dce embeds.
type compose struct{ binary string }

func build(tb testing.TB) compose {
	tb.Helper()
	c := compose{binary: filepath.Join(tb.TempDir(), "docker-compose")}
	if err := enginetest.BuildCompose(tb.Context(), c.binary); err != nil {
		tb.Fatal(err)
	}
	return c
}

// run gives a rendered file to docker compose -f -, with an empty environment
// but for what finds the engine.
func (c compose) run(ctx context.Context, tb testing.TB, file []byte, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(ctx, c.binary, append([]string{"-f", "-"}, args...)...)
	cmd.Dir = tb.TempDir()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return !slices.Contains([]string{"PATH", "HOME", "DOCKER_HOST"}, name)
	})
	cmd.Stdin = bytes.NewReader(file)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		tb.Fatalf("docker compose -f - %s: %v\n%s\n%s", strings.Join(args, " "), err, stderr.String(), file)
	}
	return stdout.String()
}

// TestDockerComposeAcceptsWhatIsRendered gives every file of the corpus that
// renders to `docker compose -f - config`, which must not change what services
// there are, nor interpolate anything.
func TestDockerComposeAcceptsWhatIsRendered(t *testing.T) {
	enginetest.Require(t)
	c := build(t)
	files, err := filepath.Glob(filepath.Join(corpusDir, "*", "compose.yaml"))
	if err != nil || len(files) != 19 {
		t.Fatal("the corpus is incomplete", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			p, err := project.Load(t.Context(), project.Options{Files: []string{file}})
			if err != nil {
				t.Fatal(err)
			}
			r := render.Render(render.Input{Project: p.Compose, Task: task.Example(p.Compose.Name, len(render.PublishedPorts(p.Compose)))})
			if r.Diagnostics.HasErrors() {
				t.Skipf("refused: %v", r.Diagnostics.Err())
			}
			out, err := r.YAML()
			if err != nil {
				t.Fatal(err)
			}
			services := strings.Fields(c.run(t.Context(), t, out, "config", "--services"))
			slices.Sort(services)
			if diff := cmp.Diff(r.Project.ServiceNames(), services); diff != "" {
				t.Errorf("services (-rendered +compose):\n%s", diff)
			}
			var hashes []string
			for line := range strings.Lines(c.run(t.Context(), t, out, "config", "--no-interpolate=false", "--hash", "*")) {
				hashes = append(hashes, strings.TrimSpace(line))
			}
			slices.Sort(hashes)
			if diff := cmp.Diff(hashLines(t, out), hashes); diff != "" {
				t.Errorf("hashes (-ours +compose's):\n%s", diff)
			}
		})
	}
}

// hashLines are the hashes of what is run: the rendered file loaded again.
func hashLines(t *testing.T, rendered []byte) []string {
	t.Helper()
	p, err := project.LoadRendered(t.Context(), rendered)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for name, hash := range render.ServiceHashes(p) {
		lines = append(lines, name+" "+hash)
	}
	slices.Sort(lines)
	return lines
}

// TestTheEngineMakesThePodThatWasRendered creates pods of the corpus with
// stand-in images, and looks at what the engine made.
func TestTheEngineMakesThePodThatWasRendered(t *testing.T) {
	api := enginetest.Require(t)
	image := enginetest.Busybox(t, api)
	c := build(t)
	for _, app := range []string{
		"flask-redis", "gitea-postgres", "nextcloud-redis-mariadb", "nginx-flask-mysql", "nginx-golang-postgres",
		"postgresql-pgadmin", "react-express-mongodb", "spring-postgres", "wordpress-mysql",
	} {
		t.Run(app, func(t *testing.T) {
			pod := enginetest.PodID(t, "render")
			r := renderApp(t, app, pod, image)
			out, err := r.YAML()
			if err != nil {
				t.Fatal(err)
			}
			enginetest.Clean(t, api, pod)
			c.run(t.Context(), t, out, "create")
			look(t, api, pod, r)
			c.run(t.Context(), t, out, "down", "--volumes", "--timeout", "0")
		})
	}
}

// renderApp renders an application for this machine, with one image for all and
// files where it names some.
func renderApp(t *testing.T, app, pod, image string) render.Result {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(corpusDir, app))); err != nil {
		t.Fatal(err)
	}
	p, err := project.Load(t.Context(), project.Options{Files: []string{filepath.Join(dir, "compose.yaml")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range p.Compose.Services {
		s.Image, s.Build = image, nil
		p.Compose.Services[name] = s
	}
	for _, s := range p.Compose.Secrets {
		makeFile(t, s.File)
	}
	facts := task.Example(p.Compose.Name, len(render.PublishedPorts(p.Compose)))
	facts.Front, facts.ID, facts.PodID = render.FrontLocal, pod, pod
	facts.CgroupParent = "/dce-test/" + pod
	r := render.Render(render.Input{Project: p.Compose, Task: facts, Settings: render.Settings{InfraImage: image}})
	if err := r.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	return r
}

func makeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, api *client.Client, pod string, r render.Result) {
	t.Helper()
	made := inspect(t, api, pod)
	infra, ok := made[render.InfraService]
	if !ok || len(made) != len(r.Project.Services) {
		t.Fatalf("made %d containers of %d services", len(made), len(r.Project.Services))
	}
	for name, c := range made {
		rendered := r.Project.Services[name]
		if got, want := c.HostConfig.CgroupParent, "/dce-test/"+pod; got != want {
			t.Errorf("%s: cgroup parent %s, want %s", name, got, want)
		}
		if mode := c.HostConfig.RestartPolicy.Name; mode != "" && mode != container.RestartPolicyDisabled {
			t.Errorf("%s: restart policy %s", name, mode)
		}
		want := types.Labels{}
		for k := range rendered.Labels {
			want[k] = c.Config.Labels[k]
		}
		if diff := cmp.Diff(rendered.Labels, want); diff != "" {
			t.Errorf("%s: labels (-rendered +made):\n%s", name, diff)
		}
		if name == render.InfraService {
			continue
		}
		if got, want := string(c.HostConfig.NetworkMode), "container:"+infra.ID; got != want {
			t.Errorf("%s: network mode %s, want %s", name, got, want)
		}
	}
	lookAtInfra(t, infra, r)
}

func lookAtInfra(t *testing.T, infra container.InspectResponse, r render.Result) {
	t.Helper()
	if got := infra.HostConfig.NetworkMode; got != "bridge" {
		t.Errorf("infra: network mode %s", got)
	}
	hosts := slices.Sorted(slices.Values(infra.HostConfig.ExtraHosts))
	var want []string
	for name := range r.Project.Services {
		want = append(want, name+":127.0.0.1")
	}
	for _, host := range want {
		if !slices.Contains(hosts, host) {
			t.Errorf("infra: hosts file has %v, not %s", hosts, host)
		}
	}
	var ports, wanted []string
	for port, bindings := range infra.HostConfig.PortBindings {
		for _, b := range bindings {
			ports = append(ports, port.String()+" "+b.HostPort)
		}
	}
	for _, p := range r.Ports {
		wanted = append(wanted, strconv.Itoa(int(p.ContainerPort))+"/"+p.Protocol+" "+strconv.Itoa(int(p.HostPort)))
	}
	slices.Sort(ports)
	slices.Sort(wanted)
	if diff := cmp.Diff(wanted, ports); diff != "" {
		t.Errorf("infra: ports (-rendered +made):\n%s", diff)
	}
}

// inspect gives the pod's containers by service.
func inspect(t *testing.T, api *client.Client, pod string) map[string]container.InspectResponse {
	t.Helper()
	list, err := api.ContainerList(t.Context(), client.ContainerListOptions{
		All: true, Filters: client.Filters{}.Add("label", render.LabelPod+"="+pod),
	})
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]container.InspectResponse{}
	for _, c := range list.Items {
		res, err := api.ContainerInspect(t.Context(), c.ID, client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		made[c.Labels["com.docker.compose.service"]] = res.Container
	}
	return made
}
