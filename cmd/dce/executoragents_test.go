package main

import (
	"crypto/tls"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// The agent comes back at every point of a task's life, and nothing is lost,
// told twice or done twice.
func TestAnAgentRestartsAtEveryPointOfALife(t *testing.T) {
	t.Parallel()
	second := time.Second
	for name, tt := range map[string]struct {
		compose string
		until   func(s *stage)
		after   []mesos.TaskState // told after the restart
		killed  bool              // before the restart
	}{
		"before anything is told": {twoServices, func(*stage) {}, []mesos.TaskState{mesos.TASK_STARTING, mesos.TASK_RUNNING}, false},
		"while containers are started": {
			twoServices, func(s *stage) { s.told(mesos.TASK_STARTING); s.timeline("prepared") }, []mesos.TaskState{mesos.TASK_RUNNING}, false,
		},
		"while the pod is waited for": {neverHealthy, func(s *stage) { s.told(mesos.TASK_STARTING); s.timeline("started") }, nil, false},
		"while it runs":               {twoServices, func(s *stage) { s.told(mesos.TASK_STARTING); s.told(mesos.TASK_RUNNING) }, nil, false},
		"while it is stopped": {
			deafToTERM, func(s *stage) {
				s.told(mesos.TASK_STARTING)
				s.told(mesos.TASK_RUNNING)
				s.kill(s.id+".task", &second)
				s.timeline("kill")
			}, nil, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{ReregistrationTimeout: time.Minute})
			task := s.launch(map[string]string{"compose.yaml": tt.compose})
			tt.until(s)
			s.restart()
			for _, state := range tt.after {
				s.told(state)
			}
			if !tt.killed {
				s.kill(task, nil)
			}
			s.told(mesos.TASK_KILLED)
			s.gone()
			if lines := s.read("dce-events.jsonl"); strings.Count(lines, `"event":"launch"`) != 1 {
				t.Errorf("launched more than once:\n%s", lines)
			}
		})
	}
}

func (s *stage) restart() {
	s.Helper()
	o := agent.RestartOptions{Down: 200 * time.Millisecond, NotFound: 50 * time.Millisecond, Recovering: 100 * time.Millisecond}
	if err := s.agent.Restart(s.Context(), o); err != nil {
		s.Fatal(err)
	}
	// A kill that comes before would be lost, as with Mesos' own: its executor is
	// not there yet.
	enginetest.Eventually(s, time.Minute, "the executor's return", func() (bool, string) {
		log := s.read("stderr")
		return strings.Contains(log, "msg=subscribed again="), log
	})
	enginetest.Eventually(s, time.Minute, "the agent to know it", func() (bool, string) {
		known, err := s.agent.Executor("fw", s.id)
		return err == nil && known.State != "REGISTERING", known.State
	})
}

// An agent has several doors; whichever is open, a task lives and its token is
// nobody else's.
func TestTheWaysToAnAgent(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]agent.Options{
		"a domain socket":      {DomainSocket: "agent.sock"},
		"with a token":         {JWTSecret: []byte("a secret of the agent's")},
		"a socket and a token": {DomainSocket: "agent.sock", JWTSecret: []byte("a secret of the agent's")},
		"https":                {TLS: &tls.Config{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if o.DomainSocket != "" {
				o.DomainSocket = filepath.Join(shortDir(t), o.DomainSocket)
			}
			environ := map[string]string{}
			if o.TLS != nil {
				server := httptest.NewUnstartedServer(nil)
				server.StartTLS() // for its certificate
				o.TLS = &tls.Config{Certificates: server.TLS.Certificates}
				server.Close()
				environ["LIBPROCESS_SSL_ENABLED"] = "1"
			}
			s := onAgent(t, o)
			s.environ = environ
			task := s.launch(map[string]string{"compose.yaml": twoServices})
			s.told(mesos.TASK_STARTING)
			s.told(mesos.TASK_RUNNING)
			s.noToken(o.JWTSecret != nil)
			s.kill(task, nil)
			s.told(mesos.TASK_KILLED)
			s.gone()
		})
	}
}

// noToken holds that the executor's token is in no container and no file.
func (s *stage) noToken(expected bool) {
	s.Helper()
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		s.Fatal(err)
	}
	token := ""
	for _, kv := range known.Environment {
		if v, ok := strings.CutPrefix(kv, "MESOS_EXECUTOR_AUTHENTICATION_TOKEN="); ok {
			token = v
		}
	}
	if (token != "") != expected {
		s.Fatalf("token %q", token)
	}
	if token == "" {
		return
	}
	inspected, err := enginetest.Connect(s, engineOptions()).Inspect(s.Context(), known.ContainerID)
	if err != nil || len(inspected) == 0 || strings.Contains(string(inspected), token) {
		s.Errorf("the token is in a container: %v\n%s", err, inspected)
	}
	for path, text := range s.files() {
		if strings.Contains(text, token) {
			s.Errorf("the token is in %s", path)
		}
	}
}

// The ways in which frameworks start an executor.
func TestTheWaysToStartAnExecutor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		binary, command string
		executable      bool
	}{
		"Marathon's line":                  {"dce", "chmod ug+rx \"./dce\" && exec \"./dce\" executor", false},
		"a binary called executor":         {"executor", "./executor", true},
		"a binary called dce-executor":     {"dce-executor", "exec ./dce-executor --log-level debug --metrics textfile:dce.prom", true},
		"behind a shell that waits for it": {"dce", "./dce executor; exit $?", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			binary, err := exec.LookPath(tt.binary)
			if err != nil {
				t.Fatal(err)
			}
			s.command = tt.command
			s.fetched = []mesos.CommandInfo_URI{{Value: binary, OutputFile: &tt.binary, Executable: &tt.executable, Extract: new(false)}}
			task := s.launch(map[string]string{"compose.yaml": twoServices})
			s.told(mesos.TASK_STARTING)
			s.told(mesos.TASK_RUNNING)
			if strings.Contains(tt.command, "--metrics") {
				enginetest.Eventually(t, time.Minute, "the metrics", func() (bool, string) {
					text := s.read("dce.prom")
					return strings.Contains(text, `dce_executor_pods{state="running"} 1`) && strings.Contains(text, "dce_executor_updates_unacknowledged 0"), text
				})
			}
			s.kill(task, nil)
			s.told(mesos.TASK_KILLED)
			s.gone()
		})
	}
}
