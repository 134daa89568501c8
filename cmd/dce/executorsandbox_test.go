package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
)

// What is left of a failed pod tells why, and no secret.
func TestASandboxTellsOfAFailureAndNoSecret(t *testing.T) {
	t.Parallel()
	const fromFile, fromTask = "hunter2-of-a-file", "hunter2-of-the-task"
	s := onAgent(t, agent.Options{})
	s.environ = map[string]string{"API_TOKEN": fromTask}
	s.launch(map[string]string{
		"dce.yaml": "secrets: [DB_PASSWORD, API_TOKEN]\n",
		".env":     "DB_PASSWORD=" + fromFile + "\n",
		"compose.yaml": `services:
  web:
    image: IMAGE
    command: [sh, -c, 'test -n "$$DB_PASSWORD" -a -n "$$API_TOKEN" || exit 9; echo "$$API_TOKEN" >/seen; trap "exit 0" TERM; sleep 1000 & wait']
    environment: {DB_PASSWORD: "${DB_PASSWORD}", API_TOKEN: }
    healthcheck:
      test: [CMD-SHELL, 'test -e /seen || exit 0; echo "refused: $$(cat /seen) $$DB_PASSWORD"; exit 1']
      interval: 1s
      retries: 2
`,
	})
	s.told(mesos.TASK_STARTING)
	failed := s.told(mesos.TASK_FAILED)
	if want := "its last health check said: refused: *** ***"; !strings.Contains(failed.GetMessage(), want) {
		t.Errorf("message %q, want %q in it", failed.GetMessage(), want)
	}
	s.gone()

	var inspected []struct {
		Name  string
		State struct {
			Health *struct{ Log []struct{ Output string } }
		}
		Config struct{ Env []string }
	}
	if err := json.Unmarshal([]byte(s.read("dce-inspect.json")), &inspected); err != nil {
		t.Fatal(err)
	}
	if len(inspected) != 2 {
		t.Fatalf("%d containers inspected, want infra and web", len(inspected))
	}
	web := inspected[1]
	if env := strings.Join(web.Config.Env, " "); !strings.Contains(env, "DB_PASSWORD=*** ") || web.State.Health == nil || len(web.State.Health.Log) == 0 ||
		!strings.HasPrefix(web.State.Health.Log[0].Output, "refused: ***") {
		t.Errorf("inspected: %+v", web)
	}
	for path, text := range s.files() {
		if path == ".env" || path == "compose.yaml" { // the job's own
			continue
		}
		for _, secret := range []string{fromFile, fromTask} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", path, secret)
			}
		}
	}
}

// A value that is made of a secret is one, wherever it is made.
func TestWhatIsMadeOfASecretIsInNoFileOfTheSandbox(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-of-the-task"
	compose := `services:
  web:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; test "$$DB_URL" = "u:$$(echo hunter2)-of-the-task@db" || exit 9; sleep 1000 & wait']
    environment: {DB_PASSWORD: "${PW}", DB_URL: "u:${DB_PASSWORD:-$PW}@db"}
  side:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; sleep 1000 & wait']
`
	for name, tt := range map[string]struct {
		compose, env, refused string
	}{
		"in the environment":                  {compose: compose},
		"in a label":                          {compose: compose + "    labels: {pw: '${PW}'}\n", refused: "DCE705"},
		"in a label, by way of the .env file": {compose: compose + "    labels: {pw: '${URL}'}\n", env: "URL=u:${PW}\n", refused: "DCE705"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			s.environ = map[string]string{"PW": secret}
			task := s.launch(map[string]string{"dce.yaml": "secrets: [DB_PASSWORD]\n", ".env": tt.env, "compose.yaml": tt.compose})
			s.told(mesos.TASK_STARTING)
			if tt.refused != "" {
				if failed := s.told(mesos.TASK_FAILED); !strings.Contains(failed.GetMessage(), tt.refused) {
					t.Errorf("message %q", failed.GetMessage())
				}
			} else {
				s.told(mesos.TASK_RUNNING)
				s.sameAsRender()
				s.kill(task, nil)
				s.told(mesos.TASK_KILLED)
			}
			s.gone()
			s.nowhere(secret)
		})
	}
}

// A variable of the task that makes a compose secret is in no file either, though
// nobody has called it a secret, nor is one that the framework calls so. Whoever
// reads the task learns that a value is withheld, and sees the same pod.
func TestASecretThatTheTaskHasIsInNoFileOfTheSandbox(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-of-the-task"
	const composeSecret = `
    secrets: [pw]
secrets:
  pw: {environment: PW}
`
	for name, tt := range map[string]struct {
		plain, secret map[string]string
		has, more     string
	}{
		"a plain variable of a compose secret": {plain: map[string]string{"PW": secret}, has: `"$$(cat /run/secrets/pw)"`, more: composeSecret},
		"a secret of the framework's":          {secret: map[string]string{"PW": "shop/pw"}, has: `"$$(echo hunter2)-of-the-task"`},
		"both":                                 {secret: map[string]string{"PW": "shop/pw"}, has: `"$$(cat /run/secrets/pw)"`, more: composeSecret},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{Secret: func(string) (string, error) { return secret, nil }})
			s.environ, s.secrets = map[string]string{"STAGE": "qa"}, tt.secret
			maps.Copy(s.environ, tt.plain)
			task := s.launch(map[string]string{"compose.yaml": fmt.Sprintf(`services:
  side:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; test -z "$$PW" || exit 9; sleep 1000 & wait']
  web:
    image: IMAGE
    command: [sh, -c, 'trap "exit 0" TERM; test %s = "$$(echo hunter2)-of-the-task" -a "$$URL" = "u:$$(echo hunter2)-of-the-task@qa" || exit 9; sleep 1000 & wait']
    environment: {URL: "u:${PW:?must be set}@${STAGE}"}%s
`, tt.has, tt.more)})
			s.told(mesos.TASK_STARTING)
			s.told(mesos.TASK_RUNNING)
			s.sameAsRender()
			s.kill(task, nil)
			s.told(mesos.TASK_KILLED)
			s.gone()
			s.nowhere(secret)
		})
	}
}

// files are the texts of all files of the sandbox, by their path in it.
func (s *stage) files() map[string]string {
	s.Helper()
	all := map[string]string{}
	root := s.sandbox()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		all[name] = string(text)
		return err
	})
	if err != nil || len(all) == 0 {
		s.Fatalf("the sandbox: %d files, %v", len(all), err)
	}
	return all
}
