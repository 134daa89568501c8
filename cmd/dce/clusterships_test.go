package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dce/internal/devcluster"
	"dce/internal/devcluster/marathon"
	"dce/internal/enginetest"
)

// store is a server of artifacts: who puts files there must show a password,
// agents fetch them without one.
type store struct {
	mu    sync.Mutex
	files map[string][]byte
	calls []string
	// instead is what is fetched in the place of every file, nil for itself.
	instead []byte
}

const storePassword = "uploader:password-of-the-store"

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method)
	user, password, _ := r.BasicAuth()
	data, known := s.files[r.URL.Path]
	switch {
	case r.Method != http.MethodGet && user+":"+password != storePassword:
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodPut:
		data, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.files[r.URL.Path] = data
		w.WriteHeader(http.StatusCreated)
	case !known:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodGet && s.instead != nil:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.instead))
	default:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

// taken are the requests so far.
func (s *store) taken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.calls, " ")
}

// only is the one file there.
func (s *store) only(t *testing.T) []byte {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) != 1 {
		t.Fatalf("%d files were put", len(s.files))
	}
	for _, data := range s.files {
		return data
	}
	return nil
}

const (
	secretOfTheCluster  = "s3cret-that-only-the-cluster-has"
	secretOfTheDeployer = "s3cret-of-the-deployers-machine"
)

// The check of the service finds the secret of the cluster: in its environment
// and as a file.
const uploadedPod = `services:
  web:
    image: %IMAGE%
    command: [sh, -c, 'echo "greeting $$GREETING"; while true; do sleep 1; done']
    environment: {GREETING: "${GREETING}", TOKEN: "${TOKEN}"}
    volumes: ["./conf:/conf:ro"]
    secrets: [db]
    stop_grace_period: 1s
    stop_signal: SIGKILL
    healthcheck:
      test: [CMD-SHELL, 'test "$${#TOKEN}" = 32 -a "$$(cat /run/secrets/db)" = "$$TOKEN" && cat /conf/sub/app.conf']
      interval: 500ms
      retries: 20
secrets:
  db: {file: ./db.txt}
`

// A bundle that is uploaded is fetched by the agent and checked by the
// executor, and a secret of Marathon's is in the container and nowhere else.
func TestAPodThatIsUploadedWithASecretOfTheCluster(t *testing.T) {
	t.Parallel()
	api := enginetest.Require(t)
	image := enginetest.Busybox(t, api)
	artifacts := &store{files: map[string][]byte{}}
	secrets := t.TempDir()
	var s *site
	t.Cleanup(func() { nothingLeft(t, api, s.cluster.Marathon().FrameworkID()) })
	s = newSite(t, devcluster.Options{
		CgroupsRoot: enginetest.PodID(t, "up") + "-root", Ports: offeredPorts(), Secrets: secrets,
	})
	s.environ = append(s.environ, "IMAGE="+image, "ARTIFACTS=http://"+strings.TrimPrefix(enginetest.Serve(t, artifacts), "http://"), "STORE="+storePassword)
	s.write(map[string]string{
		"compose.yaml": uploadedPod, "conf/sub/app.conf": "x\n", "db.txt": secretOfTheDeployer + "\n", ".env": "TOKEN=" + secretOfTheDeployer + "\n",
		"dce.yaml": `secrets: [TOKEN]
environments:
  qa:
    values: {GREETING: hello}
    resources: {cpus: 0.1, mem: 64M}
    deploy: {failures: 1}
    app: {secrets: {TOKEN: "marathon:shop/token", db: "marathon:shop/token"}}
    target:
      urls: ["%MARATHON%"]
      executor: {path: "%DCE_BINARY%"}
      artifacts: {url: "%ARTIFACTS%/bundles", inline: 0, credentials: {basic: "env:STORE"}}
`,
	})

	out, _ := s.dce(6, "deploy", "--env", "qa", "-o", "json") // before the cluster has the secret
	var answer struct{ Failures []any }
	if err := json.Unmarshal([]byte(out), &answer); err != nil || len(answer.Failures) != 1 {
		t.Errorf("failures until it was given up: %v, %v", answer.Failures, err)
	}
	s.holds(out, `resolving the secret \"shop/token\": there is no such secret`)
	write(t, filepath.Join(secrets, "shop", "token"), secretOfTheCluster+"\n")

	_, said := s.dce(0, "deploy", "--env", "qa")
	s.holds(said, "is healthy: 1 instance")
	if calls := artifacts.taken(); calls != "HEAD PUT HEAD GET" {
		t.Errorf("the store was asked %s", calls)
	}
	first := artifacts.only(t)

	all := map[string]string{"the output of deploy": said, "the bundle": unzipped(t, first), "the app": s.apps(), "the processes": commandLines(t)}
	for _, args := range [][]string{{"diff", "-o", "json"}, {"status", "-o", "json"}, {"history"}, {"logs"}, {"ps"}} {
		out, problems := s.dce(0, append(args, "--env", "qa", "--debug")...)
		all["dce "+strings.Join(args, " ")] = out + problems
	}
	maps.Copy(all, s.sandboxes())
	for name, text := range all {
		for _, value := range []string{secretOfTheCluster, secretOfTheDeployer, "password-of-the-store"} {
			if strings.Contains(text, value) {
				t.Errorf("%s: holds %q", name, value)
			}
		}
	}
	s.holds(all["dce logs"], "greeting hello")

	artifacts.mu.Lock()
	artifacts.instead = first // somebody has put another bundle in the place of the next
	artifacts.mu.Unlock()
	_, said = s.dce(6, "deploy", "--env", "qa", "--set", "GREETING=bye")
	s.holds(said, "the bundle is not the one that was deployed", "DCE713", "which is healthy")
	s.dce(0, "stop", "--env", "qa", "--yes")
}

func unzipped(t *testing.T, data []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commandLines are the command lines of all processes.
func commandLines(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(files) == 0 {
		t.Fatalf("no processes: %v", err)
	}
	var all strings.Builder
	for _, file := range files {
		line, _ := os.ReadFile(file) // it may have ended
		all.Write(append(line, '\n'))
	}
	return all.String()
}

// sandboxes are all files that the cluster and its executors have written.
func (s *site) sandboxes() map[string]string {
	s.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(s.work, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // it was removed meanwhile
		}
		data, _ := os.ReadFile(path)
		files[path] = string(data)
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
	if len(files) == 0 {
		s.Fatalf("nothing is in %s", s.work)
	}
	return files
}

// starved is a cluster that takes every app and has room for none.
func starved(t *testing.T) *site {
	t.Helper()
	return newSite(t, devcluster.Options{Marathon: marathon.Faults{Starve: "InsufficientMemory"}})
}

// Another program may show the difference: it gets two files that only their
// owner may read, without secrets, and that are gone afterwards.
func TestADiffIsShownByAnotherProgram(t *testing.T) {
	t.Parallel()
	s := starved(t)
	s.environ = append(s.environ, "TMPDIR="+t.TempDir())
	s.write(map[string]string{
		"compose.yaml": "services: {web: {image: \"web:1\", environment: {LEVEL: \"${LEVEL}\", TOKEN: \"${TOKEN}\"}}}\n",
		".env":         "TOKEN=" + secretOfTheDeployer + "\n",
		"dce.yaml":     "secrets: [TOKEN]\nenvironments: {qa: {values: {LEVEL: info}, target: {urls: [\"%MARATHON%\"]}, app: {images: trust}}}\n",
		"show.sh":      "stat -c 'modes %a' \"$(dirname \"$2\")\" \"$2\" \"$3\"; echo $1; echo \"$2\" >seen; cat \"$2\"; echo ----; cat \"$3\"; exit ${CODE:-1}\n",
	})
	s.dce(0, "deploy", "--env", "qa", "--detach")
	args := []string{"diff", "--env", "qa", "--set", "LEVEL=debug"}
	out, _ := s.dce(10, append(args, "--context", "0", "--exit-code")...)
	s.holds(out, "--- running\n+++ wanted\n", "-  environment.LEVEL: info\n+  environment.LEVEL: debug\n")

	s.environ = append(s.environ, "DCE_EXTERNAL_DIFF=sh show.sh first")
	out, said := s.dce(10, append(args, "--exit-code")...)
	s.holds(out, "modes 700\nmodes 600\nmodes 600\nfirst\n", "service web:\n", "  environment.LEVEL: info\n", "----", "  environment.LEVEL: debug\n", "  environment.TOKEN:")
	s.holds(said, "apply exactly this")
	if strings.Contains(out, secretOfTheDeployer) {
		t.Errorf("a secret is shown:\n%s", out)
	}
	path, err := os.ReadFile(filepath.Join(s.dir, "seen"))
	if _, gone := os.Stat(strings.TrimSpace(string(path))); err != nil || !os.IsNotExist(gone) {
		t.Errorf("%s is still there: %v, %v", path, gone, err)
	}
	s.environ = append(s.environ, "CODE=2")
	_, said = s.dce(1, args...)
	s.holds(said, "sh cannot show the difference: exit status 2", "DCE770")
	s.environ = append(s.environ, "DCE_EXTERNAL_DIFF=no-such-program")
	_, said = s.dce(1, args...)
	s.holds(said, "no-such-program cannot show the difference", "DCE770")
	out, _ = s.dce(0, append(args, "-o", "summary")...)
	s.holds(out, "1 changed")
}

// What nobody has called a secret travels, and a plan still does not show it
// unless it is asked to.
func TestAPlanShowsNoValueThatLooksSecret(t *testing.T) {
	t.Parallel()
	s := starved(t)
	s.write(map[string]string{
		"compose.yaml": "services: {web: {image: \"web:1\", environment: {LEVEL: \"${LEVEL}\", DB_PASSWORD: \"${WORD}\"}}}\n",
		"dce.yaml":     "environments: {qa: {values: {LEVEL: info, WORD: tr0ub4dor}, target: {urls: [\"%MARATHON%\"]}, app: {images: trust}}}\n",
	})
	s.dce(0, "deploy", "--env", "qa", "--detach")
	first := s.statusThat(1).Version
	args := []string{"--env", "qa", "--set", "WORD=c0rrect-h0rse"}
	hides := func(text string, more ...string) {
		t.Helper()
		s.holds(text, append(more, "DB_PASSWORD", "*** (before)", "*** (after)")...)
		for _, value := range []string{"tr0ub4dor", "c0rrect-h0rse"} {
			if strings.Contains(text, value) {
				t.Errorf("%s is shown:\n%s", value, text)
			}
		}
	}
	diff := append([]string{"diff"}, args...)
	out, said := s.dce(0, diff...)
	hides(out, "~ web  environment.DB_PASSWORD  *** (before) → *** (after)")
	s.holds(said, "apply exactly this: dce deploy --env qa --set WORD=c0rrect-h0rse --if-version "+first)
	_, said = s.dce(0, append(diff, "--image", "web=web:2", "--replicas", "2", "--set", "LEVEL=a b")...)
	s.holds(said, "--env qa --replicas 2 --image web=web:2 --set WORD=c0rrect-h0rse --set 'LEVEL=a b' --if-version "+first)
	out, _ = s.dce(0, append(diff, "-o", "json")...)
	hides(out, `"changes": true`)
	out, _ = s.dce(0, append(diff, "--context", "0")...)
	hides(out, "-  environment.DB_PASSWORD: *** (before)\n+  environment.DB_PASSWORD: *** (after)\n")
	out, _ = s.dce(0, append(diff, "--show-secrets")...)
	s.holds(out, "environment.DB_PASSWORD  tr0ub4dor → c0rrect-h0rse")
	out, _ = s.dce(0, append(diff, "--show-secrets", "--context", "0")...)
	s.holds(out, "+  environment.DB_PASSWORD: c0rrect-h0rse")

	_, said = s.dce(0, append(append([]string{"deploy"}, args...), "--detach", "--force")...)
	hides(said)
	out, _ = s.dce(0, "history", "--env", "qa", first)
	hides(out)
	out, _ = s.dce(0, "rollback", "--env", "qa", first, "--dry-run")
	hides(out)
}

// What stop and scale would do is told, and not done.
func TestStoppingAndScalingAreTriedDry(t *testing.T) {
	t.Parallel()
	s := starved(t)
	s.write(map[string]string{
		"compose.yaml": "services: {web: {image: \"web:1\"}}\n",
		"dce.yaml":     "environments: {qa: {confirm: true, target: {urls: [\"%MARATHON%\"]}, app: {images: trust}}}\n",
	})
	s.dce(1, "stop", "--env", "qa", "--dry-run")
	s.environ = append(s.environ, "DCE_DETACH=1")
	s.dce(0, "deploy", "--env", "qa", "--yes")
	_, said := s.dce(6, "deploy", "--env", "qa", "--yes", "--wait", "--timeout", "1s", "--force", "--rollback-on-failure=false", "--replicas", "1", "--image", "web=web:2")
	s.holds(said, "is not healthy after 1s")
	s.proxy.taken()

	out, said := s.dce(0, "stop", "--env", "qa", "--dry-run")
	s.holds(out, "~ app  instances  1 → 0", "1 instance will be stopped")
	s.holds(said, "apply exactly this: dce scale --env qa 0")
	out, said = s.dce(0, "scale", "--env", "qa", "3", "--dry-run")
	s.holds(out, "~ app  instances  1 → 3", "2 instances will be started, none replaced", "step 1: ")
	s.holds(said, "apply exactly this: dce scale --env qa 3")
	out, said = s.dce(0, "stop", "--env", "qa", "--destroy", "--dry-run")
	s.holds(out, "1 running instance will be stopped, and the app removed with its history")
	s.holds(said, "apply exactly this: dce stop --env qa --destroy")
	s.holds(s.obeys(s.schema("plan"), "stop", "--env", "qa", "--destroy", "--dry-run", "-o", "json"), `"destroys": true`)
	if sent := writes(s.proxy.taken()); len(sent) > 0 {
		t.Errorf("a dry run has sent %q", sent)
	}
	s.dce(1, "status", "--env", "qa")
}

// YAML tells what JSON tells.
func TestAStatusInYAML(t *testing.T) {
	t.Parallel()
	s := starved(t)
	s.write(map[string]string{
		"compose.yaml": "services: {web: {image: \"web:1\"}}\n",
		"dce.yaml":     "environments: {qa: {target: {urls: [\"%MARATHON%\"]}, app: {images: trust}}}\n",
	})
	s.dce(0, "deploy", "--env", "qa", "--detach", "-m", "why")
	out, _ := s.dce(1, "status", "--env", "qa", "-o", "yaml")
	s.holds(out, "schema_version: 1\n", "origin:\n", "  message: why\n", "healthy: false\n")
	out, _ = s.dce(6, "status", "--env", "qa", "-o", "yaml", "--watch", "--timeout", "1s")
	s.holds(out, "---\nschema_version: 1\n")
}

// An agent knows that an executor has ended, and its sandbox why.
func TestAnExecutorThatNeverWasIsToldByItsSandbox(t *testing.T) {
	t.Parallel()
	s := newSite(t, devcluster.Options{CgroupsRoot: enginetest.PodID(t, "dc") + "-root", Ports: offeredPorts()})
	s.write(map[string]string{
		"compose.yaml": "services: {web: {image: \"web:1\"}}\n",
		"dce.yaml":     "environments: {qa: {resources: {cpus: 0.1, mem: 64M}, target: {urls: [\"%MARATHON%\"], executor: {path: /nowhere/dce}}, app: {images: trust}}}\n",
	})
	_, said := s.dce(6, "deploy", "--env", "qa")
	s.holds(said, "Executor terminated", "its executor said last:\n", "/nowhere/dce")
	out, _ := s.dce(0, "status", "--env", "qa")
	s.holds(out, "stopped")
}
