package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/client"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
	projects "dce/internal/project"
	"dce/internal/render"
)

// parityApps are the applications of the corpus that are run three ways. Left
// out are those that use one port twice, and those that need a device, the
// engine's socket, or a directory or an address of the host.
func parityApps() []string {
	return []string{
		"django", "elasticsearch-logstash-kibana", "flask-redis", "gitea-postgres", "nextcloud-redis-mariadb", "nginx-flask-mysql",
		"postgresql-pgadmin", "prometheus-grafana", "react-express-mongodb", "spring-postgres", "wordpress-mysql",
	}
}

// oneOfARun is what `docker inspect` tells of a run and not of the pod: times,
// addresses, and ids that are not a container's own (those are replaced by the
// service's name). A network is smaller where others have taken the large ones.
func oneOfARun() []string {
	return []string{
		"Created", "State.StartedAt", "State.FinishedAt", "State.Pid", "State.Health.Log",
		"NetworkSettings.SandboxID", "NetworkSettings.SandboxKey",
		"NetworkSettings.EndpointID", "NetworkSettings.IPAddress", "NetworkSettings.MacAddress",
		"NetworkSettings.Networks.*.EndpointID", "NetworkSettings.Networks.*.NetworkID",
		"NetworkSettings.Networks.*.IPAddress", "NetworkSettings.Networks.*.IPPrefixLen", "NetworkSettings.Networks.*.MacAddress", "NetworkSettings.Networks.*.Gateway",
		"GraphDriver.Data", // directories named by the ids of layers
		"ExecIDs",          // of the healthcheck that is run at the moment
	}
}

// keeperLabels say who looks after a pod: a sweeper must be able to tell a
// person's pod from an agent's.
func keeperLabels() []string {
	return []string{render.LabelFront, render.LabelLease, render.LabelPID, render.LabelStart}
}

// A pod of equal facts is the same pod, whoever runs it: an executor under an
// agent, `dce up --local` with the task's facts, and on paper `dce render`.
func TestAPodIsTheSameThreeWays(t *testing.T) {
	t.Parallel()
	makeStandIn(t, enginetest.Require(t))
	t.Run("shop", func(t *testing.T) {
		t.Parallel()
		// The migration is waited for until it has ended, so its stand-in must.
		threeWays(t, "../../examples/shop", map[string]string{"migrate": "once"})
	})
	for _, app := range parityApps() {
		t.Run(app, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("../../../shared/corpus/awesome-compose", app)
			if _, err := os.Stat(dir); err != nil {
				t.Skipf("the corpus is not here: %v", err)
			}
			threeWays(t, dir, nil)
		})
	}
}

func threeWays(t *testing.T, app string, commands map[string]string) {
	t.Helper()
	p := &parity{stage: onAgent(t, agent.Options{}), state: t.TempDir()}
	p.launch(p.archive(app, commands))
	there, sent := p.inspect(), p.read("compose.rendered.yaml")
	if shown := p.dce("render", "--task", "dce-task.json"); sent != shown {
		t.Errorf("the executor ran another pod than render shows (-ran +shown):\n%s", cmp.Diff(sent, shown))
	}
	p.kill(p.id+".task", nil)
	p.killed()
	p.gone()

	p.dce("up", "--local", "--task", "dce-task.json", "--detach")
	here, ran := p.inspect(), p.kept("compose.rendered.yaml")
	if shown := p.dce("render", "--task", p.keptAt("dce-task.json")); ran != shown {
		t.Errorf("up --local ran another pod than render shows (-ran +shown):\n%s", cmp.Diff(ran, shown))
	}
	p.dce("down", "--local", "--volumes", "--timeout", "0", p.pod())

	if diff := cmp.Diff(withoutKeeper(sent), withoutKeeper(ran)); diff != "" {
		t.Errorf("rendered by the executor and by up --local (-executor +local):\n%s", diff)
	}
	if diff := cmp.Diff(there, here); diff != "" {
		t.Errorf("made by the executor and by up --local (-executor +local):\n%s", diff)
	}
}

// withoutKeeper empties the keeper's labels of a rendered pod.
func withoutKeeper(rendered string) string {
	for _, label := range keeperLabels() {
		rendered = regexp.MustCompile(`(?m)^( +`+regexp.QuoteMeta(label)+`): .*$`).ReplaceAllString(rendered, "$1")
	}
	return rendered
}

// parity is one application of the test, in the sandbox of its task.
type parity struct {
	*stage

	state string // of the user whose pods are local
}

// launch has the agent fetch the archive, as the jobs of dce-go ship theirs,
// and waits for the pod.
func (p *parity) launch(archive string) {
	p.Helper()
	executor := p.executorInfo(p.id, nil)
	executor.Command.URIs = []mesos.CommandInfo_URI{{Value: archive}}
	info := mesos.TaskInfo{
		Name: "parity", TaskID: mesos.TaskID{Value: p.id + ".task"},
		Resources: []mesos.Resource{scalar("cpus", 0.5), scalar("mem", 256), ports(p.port, p.port+9)},
		Labels:    &mesos.Labels{Labels: []mesos.Label{{Key: "fileName", Value: new("compose.yaml," + standInFile)}}},
	}
	if err := p.agent.Launch(p.Context(), p.framework, executor, info); err != nil {
		p.Fatal(err)
	}
	enginetest.Clean(p, p.api, p.pod())
	p.told(mesos.TASK_STARTING)
	p.told(mesos.TASK_RUNNING)
}

// pod is the id that the agent gave.
func (p *parity) pod() string {
	p.Helper()
	known, err := p.agent.Executor("fw", p.id)
	if err != nil {
		p.Fatal(err)
	}
	return known.ContainerID
}

// dce runs the program in the sandbox, as a person who has nothing set.
func (p *parity) dce(args ...string) string {
	p.Helper()
	cmd := command(p.T, append([]string{"dce"}, args...)...)
	cmd.Dir = p.sandbox()
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0", "HOME=" + p.state,
		"XDG_STATE_HOME=" + p.state, "DCE_LEASE_DIR=" + filepath.Join(p.state, "leases"),
	}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		p.Fatalf("dce %s: %v\n%s", strings.Join(args, " "), err, problems.String())
	}
	return string(out)
}

func (p *parity) keptAt(name string) string {
	return filepath.Join(p.state, "dce", "pods", p.pod(), name)
}

// kept is a file that up --local has written.
func (p *parity) kept(name string) string {
	p.Helper()
	text, err := os.ReadFile(p.keptAt(name))
	if err != nil {
		p.Fatal(err)
	}
	return string(text)
}

// inspect is what the engine says of the pod's containers, by service, without
// what is of one run only.
func (p *parity) inspect() map[string]any {
	p.Helper()
	list, err := p.api.ContainerList(p.Context(), client.ContainerListOptions{
		All: true, Filters: client.Filters{}.Add("label", render.LabelPod+"="+p.pod()),
	})
	if err != nil {
		p.Fatal(err)
	}
	var ids []string
	for _, c := range list.Items {
		ids = append(ids, c.ID, "(id of "+serviceOf(c.Labels)+")", c.ID[:12], "(id of "+serviceOf(c.Labels)+")")
	}
	made := map[string]any{}
	for _, c := range list.Items {
		res, err := p.api.ContainerInspect(p.Context(), c.ID, client.ContainerInspectOptions{})
		if err != nil {
			p.Fatal(err)
		}
		for _, m := range res.Container.Mounts {
			if len(m.Name) == 64 { // a volume that nobody named
				ids = append(ids, m.Name, "(id of "+m.Destination+")")
			}
		}
		var all map[string]any
		if err := json.Unmarshal([]byte(strings.NewReplacer(ids...).Replace(string(res.Raw))), &all); err != nil {
			p.Fatal(err)
		}
		made[serviceOf(c.Labels)] = ofThePod(all)
	}
	return made
}

// ofThePod takes out of what inspect tells what is of one run only.
func ofThePod(all map[string]any) map[string]any {
	for _, path := range oneOfARun() {
		leaveOut(all, strings.Split(path, "."))
	}
	for _, label := range append(keeperLabels(), "com.docker.compose.config-hash") { // that hashes the labels too
		leaveOut(all, []string{"Config", "Labels", label})
	}
	mounts, _ := all["Mounts"].([]any) // in no order
	slices.SortFunc(mounts, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}

func serviceOf(labels map[string]string) string { return labels["com.docker.compose.service"] }

// leaveOut takes the value at a path out of a document; "*" is every key.
func leaveOut(doc map[string]any, path []string) {
	if len(path) == 1 {
		delete(doc, path[0])
		return
	}
	for key, value := range doc {
		if below, ok := value.(map[string]any); ok && (path[0] == "*" || path[0] == key) {
			leaveOut(below, path[1:])
		}
	}
}

const (
	standInImage = "dce-test/stand-in:1"
	standInFile  = "stand-in.yaml"
)

// archive packs an application with a second compose file, which puts the
// stand-in in the place of every image.
func (p *parity) archive(app string, commands map[string]string) string {
	p.Helper()
	dir := p.TempDir()
	if err := os.CopyFS(dir, os.DirFS(app)); err != nil {
		p.Fatal(err)
	}
	loaded, err := projects.Load(p.Context(), projects.Options{Dir: dir})
	if err != nil {
		p.Fatal(err)
	}
	for _, s := range loaded.Compose.Secrets {
		if s.File != "" {
			p.write(s.File, "secret\n")
		}
	}
	override := "services:\n"
	for _, name := range loaded.Compose.ServiceNames() {
		override += fmt.Sprintf("  %s:\n    image: %s\n    build: !reset null\n", name, standInImage)
		if c := commands[name]; c != "" {
			override += fmt.Sprintf("    command: [%s]\n", c)
		}
	}
	p.write(filepath.Join(dir, standInFile), override)
	return p.pack(dir)
}

// makeStandIn makes an image that runs until it is told to stop, and has a
// program for each healthcheck.
func makeStandIn(t *testing.T, api *client.Client) {
	t.Helper()
	shell, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	enginetest.BuildImage(t, api, standInImage, `FROM scratch
COPY busybox sh /bin/
COPY pass /bin/mysqladmin
COPY pass /bin/curl
COPY pass /shop
COPY run /bin/stand-in
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
ENTRYPOINT ["stand-in"]
`, map[string][]byte{
		"busybox": shell, "sh": shell,
		"pass": []byte("#!/bin/sh\nexit 0\n"),
		"run":  []byte("#!/bin/sh\n[ \"$1\" = once ] && exit 0\ntrap 'exit 0' TERM\nsleep 100000 & wait\n"),
	})
}

func (p *parity) write(path, text string) {
	p.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
}

// pack makes an archive of a directory.
func (p *parity) pack(dir string) string {
	p.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	w := tar.NewWriter(z)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		p.Fatal(err)
	}
	if err := w.Close(); err != nil {
		p.Fatal(err)
	}
	if err := z.Close(); err != nil {
		p.Fatal(err)
	}
	path := filepath.Join(p.TempDir(), "job.tar.gz")
	p.write(path, packed.String())
	return path
}
