package main

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/client"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// A job that sets all that it can reach gets what the operator permits.
func TestTheOperatorHasTheLastWordOnAnAgent(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.operators = "agent: {allow: [plain_port, kind]}\nkind: service\n"
	s.command = "exec 'dce' executor --config evil.yaml"
	s.environ = map[string]string{
		"DCE_KEEP_FAILED": "1000h", "DCE_KIND": "job", "COMPOSE_PROJECT_NAME": "evil", "HOME": t.TempDir(),
		"GODEBUG": "http2debug=2", "DOCKER_CONFIG": "/nowhere", "DOCKER_API_VERSION": "1.1",
	}
	s.launch(map[string]string{
		"compose.yaml": "x-dce: {secrets: [GREETING]}\n" + twoServices,
		"evil.yaml":    "keep_failed: 1000h\nkind: job\nplain_port: true\nshare: {pid: true}\nenvironments: {prod: {keep_failed: 1000h}}\n",
		".env":         "DCE_KEEP_FAILED=1000h\nDCE_CONFIG=../../../../../../../../etc/passwd\n",
	}, func(i *mesos.TaskInfo) { i.Labels = labelled("config.cleanpod.cleanfailtask", "false") })
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	facts := s.read("dce-task.json")
	for what, there := range map[string]bool{`"plain_port": true`: true, `"job": false`: true, `"keep_failed"`: false, `"share_pid": true`: false} {
		if strings.Contains(facts, what) != there {
			t.Errorf("%s: want %t in\n%s", what, there, facts)
		}
	}
	told := s.read("stderr")
	for _, left := range []string{"keep_failed, which label config.cleanpod.cleanfailtask sets,", "keep_failed, which DCE_KEEP_FAILED sets,", "share.pid is left out", "secrets is left out"} {
		if !strings.Contains(told, left) {
			t.Errorf("not told of %q:\n%s", left, told)
		}
	}
	s.kill(s.id+".task", nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

func TestAJobCannotNameTheOperatorsFile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		command, operators, message string
	}{
		"by its command":                              {"exec 'dce' executor --config /etc/hostname", "", "/etc/hostname"},
		"and not the operator's keys in its own":      {"exec 'dce' executor --config evil.yaml", "", "agent.engine is the operator's to set"},
		"a wrong file of the operator fails the task": {"", "agent: {engin: x}\n", `"agent.engin"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			s.command, s.operators = tt.command, tt.operators
			s.launch(map[string]string{"compose.yaml": twoServices, "evil.yaml": "agent: {engine: 'tcp://192.0.2.1:1'}\n"})
			s.told(mesos.TASK_STARTING)
			if failed := s.told(mesos.TASK_FAILED); !strings.Contains(failed.GetMessage(), tt.message) {
				t.Errorf("message %q, want %q in it", failed.GetMessage(), tt.message)
			}
			s.gone()
		})
	}
}

func TestAnEngineThatAnswersLate(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	socket := filepath.Join(shortDir(t), "d.sock")
	s.operators = "agent: {engine: 'unix://" + socket + "'}\n"
	task := s.launch(map[string]string{"compose.yaml": twoServices})
	s.told(mesos.TASK_STARTING)
	enginetest.Eventually(t, time.Minute, "the first try", func() (bool, string) {
		log := s.read("stderr")
		return strings.Contains(log, "reaching the engine"), log
	})
	(&relay{T: t, socket: socket}).start()
	s.told(mesos.TASK_RUNNING)
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

func TestAnEngineThatNeverAnswers(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.operators = "agent: {engine: 'unix:///nowhere/d.sock'}\n"
	s.launch(map[string]string{"compose.yaml": "x-dce: {timeouts: {launch: 2s}}\n" + twoServices})
	s.told(mesos.TASK_STARTING)
	failed := s.told(mesos.TASK_FAILED)
	if want := "the Docker engine did not answer within the 2s that a launch may take"; !strings.Contains(failed.GetMessage(), want) {
		t.Errorf("message %q, want %q in it", failed.GetMessage(), want)
	}
	s.gone()
}

func TestAKillWhileTheEngineDoesNotAnswer(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.operators = "agent: {engine: 'unix:///nowhere/d.sock'}\n"
	task := s.launch(map[string]string{"compose.yaml": twoServices})
	s.told(mesos.TASK_STARTING)
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
}

func TestCredentialsOfARegistry(t *testing.T) {
	t.Parallel()
	api := enginetest.Require(t)
	guarded, image := guardedRegistry(t)
	t.Cleanup(func() { // it was perhaps never pulled
		_, _ = api.ImageRemove(context.Background(), image, client.ImageRemoveOptions{})
	})
	const config = `{"auths": {"REGISTRY": {"username": "u", "password": "p"}}}`
	good := strings.Replace(config, "REGISTRY", guarded, 1)
	bad := strings.Replace(good, `"p"`, `"wrong"`, 1)
	for name, tt := range map[string]struct {
		fetched, operators string
		allowed            bool
	}{
		"none":                   {"", "", false},
		"fetched by the job":     {good, "", true},
		"the operator's":         {"", good, true},
		"the job's stand before": {bad, good, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			home := t.TempDir()
			write(t, filepath.Join(home, ".docker", "config.json"), good) // the job's to name, so not to be believed
			s.environ = map[string]string{"HOME": home}
			files := map[string]string{"compose.yaml": "services: {web: {image: '" + image + "', pull_policy: always}}\n"}
			if tt.fetched != "" {
				files[".docker/config.json"] = tt.fetched
			}
			if tt.operators != "" {
				dir := t.TempDir()
				write(t, filepath.Join(dir, "config.json"), tt.operators)
				s.operators = "agent: {docker_config: '" + dir + "'}\n"
			}
			s.launch(files)
			s.told(mesos.TASK_STARTING)
			// The image holds no program: being allowed to pull it is as far as it goes.
			failed := s.told(mesos.TASK_FAILED)
			if refused := strings.Contains(failed.GetMessage(), "the registry refuses the pull"); refused == tt.allowed {
				t.Errorf("message %q", failed.GetMessage())
			}
			s.gone()
		})
	}
}

// guardedRegistry serves an image to whoever knows the password.
func guardedRegistry(t *testing.T) (host, image string) {
	t.Helper()
	inner := enginetest.Registry()
	host = enginetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "u" || password != "p" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	image = host + "/web:1"
	enginetest.Push(t, image, remote.WithAuth(&authn.Basic{Username: "u", Password: "p"}))
	return host, image
}
