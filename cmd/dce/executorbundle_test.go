package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
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
	task := s.launch(files, func(i *mesos.TaskInfo) {
		i.Labels = &mesos.Labels{}
		for key, value := range labels {
			i.Labels.Labels = append(i.Labels.Labels, mesos.Label{Key: key, Value: &value})
		}
	})
	s.told(mesos.TASK_STARTING)
	s.toldHealthy(true)
	s.sameAsRender()
	for _, secret := range []string{tokenOfTheCluster, "of-the-deployer"} {
		s.nowhere(secret)
	}
	if facts := s.read("dce-task.json"); strings.Contains(facts, "GREETING") || strings.Contains(facts, `"hello"`) {
		t.Errorf("a variable that holds a secret is among the facts:\n%s", facts)
	}
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
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
