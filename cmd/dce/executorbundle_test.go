package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
	projects "dce/internal/project"
	"dce/internal/ship"
)

const tokenOfTheCluster = "t0ken-of-the-cluster"

// The check of the service holds all that travels, and what must not: it finds
// the secrets of the cluster where the deployer's would be.
const shippedPod = `services:
  web:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; sleep 1000 & wait']
    env_file: conf/web.env
    environment:
      TAG: ${TAG}
      FIRST: ${PORT0}
      HELLO:
      URL: http://x:${TOKEN:?}@y
    volumes: ["./conf:/conf:ro"]
    secrets: [db]
    ports: ["8080:80"]
    healthcheck:
      test: [CMD, sh, -c, 'test "$$URL" = "http://x:$$KEY@y" -a $${#KEY} = 20 -a "$$TAG" = qa-7 -a "$$PLAIN" = yes -a "$$HELLO" = hello -a "$$(cat /run/secrets/db)" = "$$KEY" && cat /conf/sub/app.conf']
      interval: 1s
      retries: 30
secrets:
  db: {file: ./db.txt}
`

func TestAShippedPodIsThatOfItsDeployer(t *testing.T) {
	t.Parallel()
	for name, fetched := range map[string]bool{"in a label": false, "as a fetched file": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testShippedPod(t, fetched)
		})
	}
}

func testShippedPod(t *testing.T, fetched bool) {
	t.Helper()
	s := onAgent(t, agent.Options{ExecutorEnvironment: map[string]string{"CLUSTER_TOKEN": tokenOfTheCluster}})
	dir := t.TempDir()
	for name, text := range map[string]string{
		"compose.yaml": shippedPod, "compose.qa.yaml": "services: {web: {environment: {PLAIN: \"yes\"}}}\n",
		"conf/web.env": "KEY=key-of-the-deployer\n", "conf/sub/app.conf": "x\n", "db.txt": "password-of-the-deployer\n", ".env": "TAG=dev\nTOKEN=token-of-the-deployer\n",
		"dce.yaml": `secrets: [KEY]
environments:
  qa:
    values: {TAG: qa-7}
    target: {urls: [http://marathon.example]}
    app: {secrets: {TOKEN: "env:CLUSTER_TOKEN", KEY: "env:CLUSTER_TOKEN", db: "env:CLUSTER_TOKEN", HELLO: "env:GREETING"}}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "IMAGE", s.image)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shipment, err := ship.Prepare(t.Context(), ship.Options{Version: "1.2.3", Project: projects.Options{
		Dir: dir, Environment: "qa", SystemConfig: filepath.Join(dir, "none"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]string
	labels := shipment.App.Labels
	if fetched {
		delete(labels, "dce.bundle")
		labels["dce.bundle.file"] = "shop.dce"
		files = map[string]string{"shop.dce": string(shipment.Bundle.Data)}
	}
	var sent mesos.TaskInfo
	task := s.launch(files, func(i *mesos.TaskInfo) {
		defer func() { sent = *i }()
		i.Labels = &mesos.Labels{}
		for key, value := range labels {
			i.Labels.Labels = append(i.Labels.Labels, mesos.Label{Key: key, Value: &value})
		}
	})
	s.told(mesos.TASK_STARTING)
	s.toldHealthy(true)
	s.sameAsRender()
	s.sameAsTheTaskAlone(&sent, files)
	for _, secret := range []string{tokenOfTheCluster, "of-the-deployer"} {
		s.nowhere(secret)
	}
	if facts := s.read("dce-task.json"); strings.Contains(facts, "GREETING") || strings.Contains(facts, `"hello"`) {
		t.Errorf("a variable that holds a secret is among the facts:\n%s", facts)
	}
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
	s.runsAsTheTaskAlone(&sent, files)
}

// nowhere holds that a text stands in no file of the sandbox.
func (s *stage) nowhere(text string) {
	s.Helper()
	err := filepath.WalkDir(s.sandbox(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), text) {
			s.Errorf("%s holds %q", path, text)
		}
		return err
	})
	if err != nil {
		s.Error(err)
	}
}

// withTheTaskAlone is a directory with what was sent, and a compose file of
// something else.
func (s *stage) withTheTaskAlone(sent *mesos.TaskInfo) string {
	s.Helper()
	dir := s.TempDir()
	info, err := json.Marshal(sent)
	if err != nil {
		s.Fatal(err)
	}
	write(s.T, filepath.Join(dir, "task.json"), string(info))
	write(s.T, filepath.Join(dir, "compose.yaml"), "services: {another: {image: x}}\n")
	return dir
}

// sameAsTheTaskAlone holds that what was sent shows the pod that was run, but
// for what only an agent knows.
func (s *stage) sameAsTheTaskAlone(sent *mesos.TaskInfo, files map[string]string) {
	s.Helper()
	dir := s.withTheTaskAlone(sent)
	render := func() (string, string, error) {
		cmd := command(s.T, "dce", "render", "--task", "task.json")
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir, "GORACE=atexit_sleep_ms=0"}
		var problems bytes.Buffer
		cmd.Stderr = &problems
		out, err := cmd.Output()
		return string(out), problems.String(), err
	}
	if len(files) > 0 {
		if _, said, err := render(); err == nil || !strings.Contains(said, "shop.dce, which is not here") {
			s.Errorf("without the file: %v\n%s", err, said)
		}
	}
	for name, text := range files {
		write(s.T, filepath.Join(dir, name), text)
	}
	shown, said, err := render()
	if err != nil {
		s.Fatalf("%v\n%s", err, said)
	}
	ran := strings.ReplaceAll(s.read("compose.rendered.yaml"), s.sandbox(), "/mnt/mesos/sandbox")
	if diff := cmp.Diff(common(ran), common(shown)); diff != "" {
		s.Errorf("the task alone (-ran +shown):\n%s", diff)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "dce-task-*")); len(left) > 0 {
		s.Errorf("left behind: %q", left)
	}
}

// runsAsTheTaskAlone holds that what was sent runs here as the pod that was run
// there, with the secrets of whoever runs it, and that nothing of it is left.
func (s *stage) runsAsTheTaskAlone(sent *mesos.TaskInfo, files map[string]string) {
	s.Helper()
	dir := s.withTheTaskAlone(sent)
	for name, text := range files {
		write(s.T, filepath.Join(dir, name), text)
	}
	dce := func(args ...string) {
		cmd := command(s.T, append([]string{"dce"}, args...)...)
		cmd.Dir, cmd.Env = dir, []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_STATE_HOME=" + dir, "DCE_LEASE_DIR=" + filepath.Join(dir, "leases"),
			"HELLO=hello", "CLUSTER_TOKEN=" + tokenOfTheCluster, // one by its own name, three by that of their source
			"GORACE=atexit_sleep_ms=0",
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			s.Fatalf("dce %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	pod := sent.TaskID.Value
	state := filepath.Join(dir, "dce", "pods", pod)
	enginetest.Clean(s, s.api, pod)
	dce("up", "--local", "--detach", "--task", "task.json")
	dce("up", "--local", "--detach", "--task", "task.json") // runs already, and keeps its files
	boxes, _ := filepath.Glob(filepath.Join(state, "sandbox-*"))
	if len(boxes) != 1 {
		s.Fatalf("sandboxes: %q", boxes)
	}
	rendered, err := os.ReadFile(filepath.Join(state, "compose.rendered.yaml"))
	if err != nil {
		s.Fatal(err)
	}
	dce("down", "--local", "--volumes", "--timeout", "0", pod)

	ran := strings.ReplaceAll(s.read("compose.rendered.yaml"), s.sandbox(), boxes[0])
	if diff := cmp.Diff(common(ran), common(string(rendered))); diff != "" {
		s.Errorf("the task alone, run here (-there +here):\n%s", diff)
	}
	if _, err := os.Stat(state); err == nil {
		s.Errorf("%s is left", state)
	}
}

// common are the lines of a rendered pod without what only an agent knows.
func common(rendered string) []string {
	var lines []string
	for line := range strings.Lines(rendered) {
		if !regexp.MustCompile(`^#|cgroup_parent|executorId|dce\.\w+:|MESOS_(AGENT|EXECUTOR|FRAMEWORK)_ID|GORACE|TEST_OPERATORS_FILE`).MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}
