package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"dce/internal/devcluster"
	"dce/internal/devcluster/marathon"
	"dce/internal/enginetest"
	"dce/internal/render"
)

// site is a cluster, a proxy that records what it is asked, and a project that
// is deployed to it by this program.
type site struct {
	*testing.T

	cluster *devcluster.Cluster
	proxy   *recorder
	dir     string
	work    string // of the cluster
	environ []string
}

// recorder passes requests on and remembers them.
type recorder struct {
	http.Handler

	mu       sync.Mutex
	requests []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	r.requests = append(r.requests, q.Method+" "+q.URL.RequestURI())
	r.mu.Unlock()
	r.Handler.ServeHTTP(w, q)
}

// taken are the requests since it was asked last.
func (r *recorder) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.requests
	r.requests = nil
	return taken
}

// writes are those that may change something. A group is sent to be planned
// with dryRun, which changes nothing.
func writes(requests []string) []string {
	var found []string
	for _, r := range requests {
		if !strings.HasPrefix(r, http.MethodGet+" ") && !strings.Contains(r, "dryRun=true") {
			found = append(found, r)
		}
	}
	return found
}

func newSite(t *testing.T, o devcluster.Options) *site {
	t.Helper()
	o.Dir = t.TempDir()
	c, err := devcluster.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(c.URL())
	if err != nil {
		t.Fatal(err)
	}
	passOn := httputil.NewSingleHostReverseProxy(target)
	passOn.FlushInterval = -1 // events
	s := &site{T: t, cluster: c, proxy: &recorder{Handler: passOn}, dir: t.TempDir(), work: o.Dir}
	url := enginetest.Serve(t, s.proxy)
	dce, err := exec.LookPath("dce") // the test's own binary, see TestMain
	if err != nil {
		t.Fatal(err)
	}
	s.environ = []string{
		"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "USER=ann", "GORACE=atexit_sleep_ms=0",
		"MARATHON=http://" + strings.TrimPrefix(url, "http://"), "DCE_BINARY=" + dce,
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if err := errors.Join(c.Drain(ctx), c.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	return s
}

// write puts files into the project. What is between two percent signs is taken
// from the test's environment.
func (s *site) write(files map[string]string) {
	s.Helper()
	for name, text := range files {
		for _, pair := range s.environ {
			key, value, _ := strings.Cut(pair, "=")
			text = strings.ReplaceAll(text, "%"+key+"%", value)
		}
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			s.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.Fatal(err)
		}
	}
}

// dce runs the program in the project, which must exit with this code.
func (s *site) dce(exit int, args ...string) (stdout, stderr string) {
	s.Helper()
	var out, problems bytes.Buffer
	cmd := command(s.T, append([]string{"dce"}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.environ, &out, &problems
	err := cmd.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		s.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != exit {
		s.Fatalf("dce %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, exit, &out, &problems)
	}
	return out.String(), problems.String()
}

// interrupts ends a command by SIGINT as soon as it has written a text.
func (s *site) interrupts(exit int, text string, args ...string) {
	s.Helper()
	cmd := command(s.T, append([]string{"dce"}, args...)...)
	cmd.Dir, cmd.Env = s.dir, s.environ
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), text) {
			err = cmd.Process.Signal(os.Interrupt)
		}
	}
	_ = cmd.Wait() // its exit code says it
	if got := cmd.ProcessState.ExitCode(); got != exit || err != nil {
		s.Errorf("dce %s, interrupted: exit %d, want %d (%v)", strings.Join(args, " "), got, exit, err)
	}
}

// holds insists on texts.
func (s *site) holds(text string, all ...string) {
	s.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			s.Errorf("no %q in\n%s", want, text)
		}
	}
}

// status is how the app stands.
func (s *site) status() statusOf {
	s.Helper()
	return s.statusThat(0)
}

// statusThat is how an app stands of which dce says so with this exit code.
func (s *site) statusThat(exit int) statusOf {
	s.Helper()
	out, _ := s.dce(exit, "status", "--env", "qa", "-o", "json")
	var st statusOf
	if err := json.Unmarshal([]byte(out), &st); err != nil {
		s.Fatal(err)
	}
	return st
}

// offeredPorts are ten that only one cluster offers.
func offeredPorts() [2]int {
	first := int(nextPort()) //nolint:gosec // a port
	return [2]int{first, first + 9}
}

type statusOf struct {
	Version   string
	Wanted    int
	Ready     int
	Healthy   bool
	Instances []struct{ ID string }
}

// released is a project with an image of this test's own.
func released(t *testing.T) *site {
	t.Helper()
	api := enginetest.Require(t)
	image := enginetest.Busybox(t, api)
	var s *site
	t.Cleanup(func() { nothingLeft(t, api, s.cluster.Marathon().FrameworkID()) }) // when the cluster has ended
	// A role that nobody has asked for is no difference.
	s = newSite(t, devcluster.Options{Role: "prod", CgroupsRoot: enginetest.PodID(t, "dc") + "-root", Ports: offeredPorts()})
	s.environ = append(s.environ, "IMAGE="+image)
	s.write(map[string]string{
		"compose.yaml": `services:
  web:
    image: %IMAGE%
    command: [sh, -c, 'echo "greeting $$GREETING"; while true; do sleep 1; done']
    environment: {GREETING: "${GREETING:-hello}", TOKEN: ""}
    stop_grace_period: 1s
    stop_signal: SIGKILL
    healthcheck: {test: [CMD-SHELL, '[ "$$GREETING" != sick ]'], interval: 500ms, retries: 2}
    ports: ["8080"]
`,
		"dce.yaml": `secrets: [TOKEN]
environments:
  qa:
    values: {GREETING: hello}
    resources: {cpus: 0.1, mem: 64M}
    target:
      urls: ["%MARATHON%"]
      executor: {path: "%DCE_BINARY%"}
`,
	})
	return s
}

// nothingLeft checks that no container of a cluster is there any more.
func nothingLeft(t *testing.T, api *client.Client, framework string) {
	t.Helper()
	filters := client.Filters{}.Add("label", render.LabelFramework+"="+framework)
	left, err := api.ContainerList(context.Background(), client.ContainerListOptions{All: true, Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range left.Items {
		t.Errorf("left behind: %v (%s)", c.Names, c.State)
	}
}

// The life of an environment, by the commands that people type.
func TestDeployingToACluster(t *testing.T) {
	t.Parallel()
	s := released(t)
	_, said := s.dce(0, "deploy", "--env", "qa", "-m", "first")
	s.holds(said, "/qa on marathon ", "(new)", "+ web  service", "has begun", "ready on 127.0.0.1", "is healthy: 1 instance")
	first := s.status()
	if !first.Healthy || first.Ready != 1 {
		t.Errorf("got %+v", first)
	}

	s.proxy.taken()
	_, said = s.dce(0, "deploy", "--env", "qa")
	s.holds(said, "no changes")
	if asked := s.proxy.taken(); len(asked) > 4 || len(writes(asked)) > 0 {
		t.Errorf("a deploy that changes nothing asked %q", asked)
	}

	out, _ := s.dce(0, "logs", "--env", "qa")
	s.holds(out, "greeting hello")
	s.interrupts(130, "greeting hello", "logs", "--env", "qa", "-f")
	out, _ = s.dce(0, "ps", "--env", "qa")
	s.holds(out, "by ann@", `"first"`, "healthy: 1 of 1 ready")

	s.dce(10, "diff", "--env", "qa", "--exit-code", "--set", "GREETING=bye")
	s.dce(5, "deploy", "--env", "qa", "--set", "GREETING=bye", "--if-version", "2001-01-01T00:00:00.000Z")
	_, said = s.dce(0, "deploy", "--env", "qa", "--set", "GREETING=bye", "--if-version", first.Version, "-m", "second")
	s.holds(said, "~ web  environment.GREETING  hello → bye", "1 running instance will be replaced")
	out, _ = s.dce(0, "logs", "--env", "qa", "--tail", "1", "web", "-o", "json")
	s.holds(out, `"service":"web"`, `"stream":"stdout"`, "greeting bye")
	out, _ = s.dce(0, "logs", "--env", "qa", "--since", "10m", "--timestamps", "--no-prefix", "web")
	if at, text, _ := strings.Cut(strings.TrimSpace(out), " "); text != "greeting bye" || !isTime(at) {
		t.Errorf("the line and its time: %q", out)
	}
	if out, _ = s.dce(0, "logs", "--env", "qa", "--since", "2099-01-01"); out != "" {
		t.Errorf("lines of the future: %q", out)
	}
	second := s.status()

	_, said = s.dce(6, "deploy", "--env", "qa", "--set", "GREETING=sick", "-m", "third")
	s.holds(said, "web became unhealthy", "rolling back to version "+second.Version, "did not become healthy", "which is healthy", "DCE760")
	if now := s.status(); !now.Healthy || now.Wanted != 1 {
		t.Errorf("after the rollback: %+v", now)
	}
	out, _ = s.dce(0, "logs", "--env", "qa")
	s.holds(out, "greeting bye")
	out, _ = s.dce(0, "logs", "--env", "qa", "--failed", "web")
	s.holds(out, "greeting sick")
	out, _ = s.dce(0, "history", "--env", "qa")
	s.holds(out, "current", "rolled back", "third", "second", "first")

	_, said = s.dce(0, "rollback", "--env", "qa", first.Version, "-m", "back")
	s.holds(said, "~ web  environment.GREETING  bye → hello", "is healthy")
	out, _ = s.dce(0, "history", "--env", "qa", first.Version)
	s.holds(out, "= web  unchanged")

	before := s.status().Instances[0].ID
	s.dce(0, "scale", "--env", "qa", "2")
	now := s.status()
	if now.Ready != 2 || (now.Instances[0].ID != before && now.Instances[1].ID != before) {
		t.Errorf("scaling replaced %s: %+v", before, now)
	}

	s.dce(2, "stop", "--env", "qa")
	_, said = s.dce(0, "stop", "--env", "qa", "--yes")
	s.holds(said, "is stopped")
	if now := s.status(); len(now.Instances) > 0 || now.Wanted != 0 {
		t.Errorf("after the stop: %+v", now)
	}
	s.dce(0, "stop", "--env", "qa", "--destroy", "--yes")
	_, said = s.dce(1, "status", "--env", "qa")
	s.holds(said, "is not deployed", "DCE756")
}

func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339Nano, text)
	return err == nil
}

// A cluster that loses answers, changes its leader and loses every event is
// deployed to all the same, and only once.
func TestDeployingToAClusterThatMisbehaves(t *testing.T) {
	t.Parallel()
	s := released(t)
	if err := s.cluster.Marathon().SetFaults(marathon.Faults{
		LoseEvents: []string{"*"},
		Requests: []marathon.Fault{
			{Method: "POST", Path: "^/v2/apps", Times: 1, LoseAnswer: true},
			// A leader that does it and dies, as the standby tells of it.
			{Method: "PUT", Path: "^/v2/apps", Times: 1, LoseAnswer: true, Status: 502, HTML: true, Message: "Connection to leader refused."},
			{Method: http.MethodGet, Path: "^/v2/apps", Skip: 1, Times: 2, Status: http.StatusServiceUnavailable, HTML: true},
			{Method: http.MethodGet, Path: "^/v2/apps", Skip: 4, Times: 2, Drop: true},
		},
	}); err != nil {
		t.Fatal(err)
	}
	_, said := s.dce(0, "deploy", "--env", "qa")
	s.holds(said, "is healthy: 1 instance")
	if w := writes(s.proxy.taken()); len(w) != 1 {
		t.Errorf("wrote %q", w)
	}
	out, _ := s.dce(0, "history", "--env", "qa", "-o", "json")
	if n := strings.Count(out, `"result"`); n != 1 {
		t.Errorf("%d versions:\n%s", n, out)
	}
	_, said = s.dce(0, "scale", "--env", "qa", "2")
	s.holds(said, "is healthy: 2 instances")
	if w := writes(s.proxy.taken()); len(w) != 1 {
		t.Errorf("wrote %q to scale", w)
	}
	out, _ = s.dce(0, "stop", "--env", "qa", "--destroy", "--yes", "-o", "json")
	s.holds(out, `"result": "healthy"`, `"instances": 0`)
	if got := s.get("/v2/tasks"); got != `{"tasks":[]}` {
		t.Errorf("removed, and still there: %s", got)
	}
}

// An instance that no agent has room for is waited for, with the reason, and
// given up in time; another one in the way is told of.
func TestDeployingToAClusterWithoutRoom(t *testing.T) {
	t.Parallel()
	s := released(t)
	if err := s.cluster.Marathon().SetFaults(marathon.Faults{Starve: "InsufficientCpus"}); err != nil {
		t.Fatal(err)
	}
	s.dce(0, "deploy", "--env", "qa", "--detach")
	s.environ = append(s.environ, "USER=bob")
	_, said := s.dce(5, "deploy", "--env", "qa", "--set", "GREETING=late")
	s.holds(said, "locked by another deployment", "goes on since", "ann@", "--force", "DCE754")
	_, said = s.dce(6, "deploy", "--env", "qa", "--set", "GREETING=late", "--force", "--timeout", "3s", "--rollback-on-failure=false")
	s.holds(said, "not launched", "not enough cpus", "not healthy after 3s", "Nothing was done about it")
	if err := s.cluster.Marathon().SetFaults(marathon.Faults{}); err != nil {
		t.Fatal(err)
	}
	_, said = s.dce(0, "status", "--env", "qa", "--watch", "--timeout", "2m")
	s.holds(said, "is healthy")
	out, _ := s.dce(0, "logs", "--env", "qa")
	s.holds(out, "greeting late")
}

// Whatever is wrong with what is to be deployed, nothing is written.
func TestNothingIsWrittenForABadDeploy(t *testing.T) {
	good := map[string]string{
		"compose.yaml": "services: {web: {image: \"web:1\", ports: [\"8080\"]}}\n",
		"dce.yaml":     "environments: {qa: {values: {A: b}, target: {urls: [\"%MARATHON%\"]}}}\n",
	}
	environment := func(more string) string {
		return "environments:\n  qa:\n    target: {urls: [\"%MARATHON%\"]}\n    " + more + "\n"
	}
	for name, test := range map[string]struct {
		files map[string]string
		args  []string
		exit  int
		say   []string
	}{
		"no environment":      {nil, []string{"deploy"}, 2, []string{"needs an environment", "add --env with one of: qa", "DCE244"}},
		"unknown environment": {nil, []string{"deploy", "--env", "qb"}, 3, []string{`no environment is called "qb"`, "qa", "DCE202"}},
		"no target":           {map[string]string{"dce.yaml": "environments: {qa: {}}\n"}, []string{"deploy", "--env", "qa"}, 3, []string{"no target", "target.urls", "DCE700"}},
		"a compose file that is wrong": {
			map[string]string{"compose.yaml": "services: {web: {imagee: x}}\n"}, []string{"deploy", "--env", "qa"}, 3, []string{"compose.yaml:1", "imagee", "DCE104"},
		},
		"an image that must be built": {
			map[string]string{"compose.yaml": "services: {web: {build: .}}\n", "Dockerfile": "FROM scratch\n"}, []string{"deploy", "--env", "qa"}, 3, []string{"compose.yaml:1", "build", "image"},
		},
		"a name that Marathon refuses": {
			map[string]string{"dce.yaml": environment("app: {id: /Shop_1}")}, []string{"deploy", "--env", "qa"}, 3, []string{"dce.yaml:4", "/Shop_1", "DCE720"},
		},
		"a job": {map[string]string{"dce.yaml": environment("kind: job")}, []string{"deploy", "--env", "qa"}, 3, []string{"dce.yaml:4", "a job cannot run on Marathon", "DCE703"}},
		"what only Marathon refuses": {
			map[string]string{"dce.yaml": environment("marathon: {upgradeStrategy: {minimumHealthCapacity: 7, maximumOverCapacity: 1}}")},
			[]string{"deploy", "--env", "qa"},
			3,
			[]string{"dce.yaml:4", "upgradeStrategy", "nothing was changed", "DCE753"},
		},
		"a value that is not declared": {nil, []string{"deploy", "--env", "qa", "--set", "B=c"}, 2, []string{"declares no such value", "DCE765"}},
		"another version is expected":  {nil, []string{"deploy", "--env", "qa", "--if-version", "x"}, 5, []string{"not at version x", "DCE755"}},
		"nobody to confirm it": {
			map[string]string{"dce.yaml": environment("confirm: true")}, []string{"deploy", "--env", "qa"}, 2, []string{"wants to be confirmed", "--yes", "DCE767"},
		},
		"a credential that is not there": {
			map[string]string{"dce.yaml": environment("target: {credentials: {token: \"env:NO_SUCH\"}}")}, []string{"deploy", "--env", "qa"}, 3, []string{"token"},
		},
		"a dry run":                    {nil, []string{"deploy", "--env", "qa", "--dry-run"}, 0, nil},
		"a dry run with an exit code":  {nil, []string{"deploy", "--env", "qa", "--dry-run", "--exit-code"}, 10, nil},
		"a diff":                       {nil, []string{"diff", "--env", "qa", "-o", "json"}, 0, nil},
		"a stop of what is not there":  {nil, []string{"stop", "--env", "qa", "--yes"}, 1, []string{"is not deployed", "DCE756"}},
		"a scale of what is not there": {nil, []string{"scale", "--env", "qa", "3"}, 1, []string{"is not deployed", "DCE756"}},
		"a scale to no number":         {nil, []string{"scale", "--env", "qa", "many"}, 2, []string{"no number of instances"}},
		"a rollback of what is not there": {
			nil, []string{"rollback", "--env", "qa"}, 1, []string{"is not deployed", "DCE756"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, devcluster.Options{})
			s.write(good)
			s.write(test.files)
			_, said := s.dce(test.exit, test.args...)
			s.holds(strings.Join(strings.Fields(said), " "), test.say...)
			if w := writes(s.proxy.taken()); len(w) > 0 {
				t.Errorf("wrote %q", w)
			}
			if got := s.apps(); got != `{"apps":[]}` {
				t.Errorf("there is %s", got)
			}
		})
	}
}

// apps are those of the cluster, by its own word.
func (s *site) apps() string {
	s.Helper()
	return s.get("/v2/apps")
}

// get is what Marathon answers.
func (s *site) get(path string) string {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.cluster.URL()+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(response.Body); err != nil {
		s.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// Who is not let in, and what is no Marathon, are told apart.
func TestAClusterThatDoesNotLetIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, devcluster.Options{Credentials: "ann:secret-password"})
	s.write(map[string]string{
		"compose.yaml": "services: {web: {image: \"web:1\"}}\n",
		"dce.yaml":     "environments: {qa: {target: {urls: [\"%MARATHON%\"], credentials: {basic: \"env:LOGIN\"}}}, open: {target: {urls: [\"%MARATHON%\"]}}}\n",
	})
	_, said := s.dce(4, "diff", "--env", "open")
	s.holds(said, "does not let you in", "target.credentials", "DCE751")
	_, said = s.dce(4, "diff", "--env", "qa")
	s.holds(said, "LOGIN is not set", "export LOGIN=", "DCE758")
	s.environ = append(s.environ, "LOGIN=ann:wrong")
	_, said = s.dce(4, "diff", "--env", "qa")
	s.holds(said, "does not let you in", "DCE751")
	s.environ = append(s.environ, "LOGIN=ann:secret-password")
	out, said := s.dce(0, "diff", "--env", "qa", "--debug")
	s.holds(out, "(new)")
	if strings.Contains(out+said, "secret-password") {
		t.Errorf("the password is shown:\n%s%s", out, said)
	}
	s.write(map[string]string{"dce.yaml": "environments: {qa: {target: {urls: [\"http://127.0.0.1:1\"]}}}\n"})
	_, said = s.dce(4, "diff", "--env", "qa")
	s.holds(said, "cannot reach Marathon", "connection refused", "DCE750")
	s.write(map[string]string{"dce.yaml": fmt.Sprintf("environments: {qa: {target: {urls: [%q]}}}\n", s.cluster.MesosURL())})
	_, said = s.dce(4, "diff", "--env", "qa")
	s.holds(said, "no Marathon", "DCE752")
}

// What programs read holds to the schemas that dce publishes.
func TestPlanAndStatusHoldTheirSchemas(t *testing.T) {
	t.Parallel()
	s := newSite(t, devcluster.Options{})
	if err := s.cluster.Marathon().SetFaults(marathon.Faults{Starve: "InsufficientMemory"}); err != nil {
		t.Fatal(err)
	}
	s.write(map[string]string{
		"compose.yaml": "services: {web: {image: \"web:1\", ports: [\"8080\"]}}\n",
		"dce.yaml":     "environments: {qa: {target: {urls: [\"%MARATHON%\"]}, app: {images: trust}}}\n",
	})
	plan, status, deploy, history := s.schema("plan"), s.schema("status"), s.schema("deploy"), s.schema("history")
	s.obeys(plan, "diff", "--env", "qa", "-o", "json")
	out := s.obeys(deploy, "deploy", "--env", "qa", "--detach", "-m", "why", "-o", "json")
	s.holds(out, `"result": "detached"`)
	s.holds(s.obeys(deploy, "deploy", "--env", "qa", "-o", "json"), `"result": "unchanged"`)
	s.holds(s.obeysWith(deploy, 6, "scale", "--env", "qa", "2", "--force", "--timeout", "1s", "-o", "json"), `"result": "timed_out"`)
	s.obeys(deploy, "scale", "--env", "qa", "1", "--force", "--detach", "-o", "json")
	s.holds(s.obeys(history, "history", "--env", "qa", "-o", "json"), `"message": "why"`)
	s.obeys(status, "ps", "--env", "qa", "-o", "json")
	s.obeys(plan, "diff", "--env", "qa", "-o", "json", "--replicas", "3")
	s.obeysWith(status, 1, "status", "--env", "qa", "-o", "json")
	out, _ = s.dce(1, "status", "--env", "qa")
	s.holds(out, "0 of 1 ready", "1 not launched", "by ann@", `"why"`)
	_, said := s.dce(6, "status", "--env", "qa", "--watch", "--timeout", "1s")
	s.holds(said, "not enough memory", "not healthy after 1s")
	_, said = s.dce(5, "stop", "--env", "qa", "--destroy", "--yes", "--lock-wait=1s")
	s.holds(said, "waiting", "DCE754")
	s.holds(s.obeys(deploy, "stop", "--env", "qa", "--destroy", "--yes", "--force", "-o", "json"), `"result": "healthy"`, `"instances": 0`)
}

func (s *site) schema(name string) *jsonschema.Schema {
	s.Helper()
	text, _ := s.dce(0, "schema", name)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		s.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name+".json", doc); err != nil {
		s.Fatal(err)
	}
	compiled, err := c.Compile(name + ".json")
	if err != nil {
		s.Fatal(err)
	}
	return compiled
}

func (s *site) obeys(schema *jsonschema.Schema, args ...string) string {
	s.Helper()
	return s.obeysWith(schema, 0, args...)
}

func (s *site) obeysWith(schema *jsonschema.Schema, exit int, args ...string) string {
	s.Helper()
	out, _ := s.dce(exit, args...)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
	if err != nil {
		s.Fatalf("%v\n%s", err, out)
	}
	if err := schema.Validate(doc); err != nil {
		s.Errorf("dce %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}
