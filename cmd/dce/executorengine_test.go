package main

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/client"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// relay serves the machine's engine at another address, which can go away: for
// who uses it the engine is restarted with its containers running on.
type relay struct {
	*testing.T

	socket string

	mu    sync.Mutex
	at    net.Listener
	conns map[net.Conn]bool
}

func (r *relay) start() {
	r.Helper()
	var c net.ListenConfig
	l, err := c.Listen(r.Context(), "unix", r.socket)
	if err != nil {
		r.Fatal(err)
	}
	r.mu.Lock()
	r.at, r.conns = l, map[net.Conn]bool{}
	r.mu.Unlock()
	r.Cleanup(r.stop)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go r.join(in)
		}
	}()
}

// stop refuses new connections and ends those that there are.
func (r *relay) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at.Close()
	for c := range r.conns {
		c.Close()
	}
}

func (r *relay) join(in net.Conn) {
	var d net.Dialer
	out, err := d.Dial("unix", "/var/run/docker.sock")
	if err != nil {
		in.Close()
		return
	}
	r.mu.Lock()
	r.conns[in], r.conns[out] = true, true
	r.mu.Unlock()
	go func() {
		_, _ = io.Copy(out, in)
		if c, ok := out.(*net.UnixConn); ok { // the other direction may have more to say
			_ = c.CloseWrite()
		}
	}()
	_, _ = io.Copy(in, out)
	in.Close()
	out.Close()
}

// The engine restarts at every point of a task's life.
func TestTheEngineRestartsUnderAnExecutor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		during func(s *stage) // while it is away
		end    mesos.TaskState
		wants  string
	}{
		"and nothing has happened": {func(*stage) {}, mesos.TASK_KILLED, "stopped by the scheduler"},
		"and a service has died":   {func(s *stage) { s.crash("web") }, mesos.TASK_FAILED, "service web exited with code 137"},
		"and a kill comes": {func(s *stage) {
			s.kill(s.id+".task", nil)
			s.timeline("kill")
		}, mesos.TASK_KILLED, "stopped by the scheduler"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			r := &relay{T: t, socket: filepath.Join(shortDir(t), "d.sock")}
			r.start()
			s.operators = "agent: {engine: 'unix://" + r.socket + "'}\n"
			task := s.launch(map[string]string{"compose.yaml": twoServices})
			s.told(mesos.TASK_STARTING)
			s.told(mesos.TASK_RUNNING)
			r.stop()
			s.timeline("engine_lost")
			tt.during(s)
			r.start()
			if tt.end == mesos.TASK_KILLED && !strings.Contains(name, "kill") {
				s.timeline("engine_back")
				s.kill(task, nil)
			}
			ended := s.told(tt.end)
			if runs := s.running(); runs > 0 {
				t.Errorf("%d containers run on after %s", runs, tt.end)
			}
			if !strings.HasPrefix(ended.GetMessage(), tt.wants) || strings.Contains(ended.GetMessage(), "went wrong") {
				t.Errorf("message %q, want %q", ended.GetMessage(), tt.wants)
			}
			s.gone()
		})
	}
}

// running is how many containers of the pod run, by the engine itself.
func (s *stage) running() int {
	s.Helper()
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		s.Fatal(err)
	}
	found, err := s.api.ContainerList(s.Context(), client.ContainerListOptions{Filters: client.Filters{}.Add("label", "dce.pod="+known.ContainerID)})
	if err != nil {
		s.Fatal(err)
	}
	return len(found.Items)
}

// crash kills the container of a service.
func (s *stage) crash(service string) {
	s.Helper()
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		s.Fatal(err)
	}
	filters := client.Filters{}.Add("label", "dce.pod="+known.ContainerID).Add("label", "com.docker.compose.service="+service)
	found, err := s.api.ContainerList(s.Context(), client.ContainerListOptions{Filters: filters})
	if err != nil || len(found.Items) != 1 {
		s.Fatalf("containers of %s: %d, %v", service, len(found.Items), err)
	}
	if _, err := s.api.ContainerKill(s.Context(), found.Items[0].ID, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		s.Fatal(err)
	}
}

func TestAnEngineThatStaysAwayFailsTheTask(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{ShutdownGrace: time.Minute})
	r := &relay{T: t, socket: filepath.Join(shortDir(t), "d.sock")}
	r.start()
	s.operators = "agent: {engine: 'unix://" + r.socket + "'}\ntimeouts: {engine: 1s}\n"
	s.launch(map[string]string{"compose.yaml": twoServices})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	r.stop()
	failed := s.told(mesos.TASK_FAILED)
	if !strings.HasPrefix(failed.GetMessage(), "the Docker engine was out of reach for 1s") {
		t.Errorf("message %q", failed.GetMessage())
	}
	s.gone()
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		t.Fatal(err)
	}
	// What it could not stop is left for `dce reap`; here it is ours to remove.
	left := enginetest.Left(t.Context(), t, s.api, known.ContainerID)
	enginetest.Remove(context.Background(), s.api, known.ContainerID)
	if len(left) == 0 {
		t.Error("the engine was not away at all")
	}
}

// A failed pod is kept for as long as the operator says, stopped, for whoever
// looks at it.
func TestAFailedPodIsKept(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.operators = "keep_failed: 1h\n"
	s.launch(map[string]string{"compose.yaml": "services: {web: {image: IMAGE, command: [sh, -c, 'exit 3']}, side: {image: IMAGE, command: [sleep, '1000'], stop_signal: KILL}}\n"})
	s.told(mesos.TASK_STARTING)
	for s.next().GetState() != mesos.TASK_FAILED { // it may have been told as running before
		continue
	}
	s.gone()
	known, err := s.agent.Executor("fw", s.id)
	if err != nil {
		t.Fatal(err)
	}
	defer enginetest.Remove(context.Background(), s.api, known.ContainerID)
	found, err := s.api.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", "dce.pod="+known.ContainerID)})
	if err != nil || len(found.Items) != 3 {
		t.Fatalf("%d containers are kept, want three: %v", len(found.Items), err)
	}
	for _, c := range found.Items {
		if c.State != "exited" || c.Labels["dce.keep_failed"] != "1h0m0s" {
			t.Errorf("%s is %s, with the label %q", c.Names, c.State, c.Labels["dce.keep_failed"])
		}
	}
	if inspected := s.read("dce-inspect.json"); !strings.Contains(inspected, `"ExitCode": 3`) {
		t.Errorf("inspected: %s", inspected)
	}
}

// An engine without live-restore takes its containers along when it is
// restarted: the task has failed, people are told why, and nothing is left of
// it.
func TestAnEngineThatTakesItsContainersAlongFailsTheTask(t *testing.T) {
	t.Parallel()
	const restarted = "the Docker engine was restarted, which stopped the pod's containers"
	for name, tt := range map[string]struct {
		end  func(*enginetest.Private)
		says string
	}{
		// It answers until its last container has ended.
		"by SIGTERM": {(*enginetest.Private).Stop, "the Docker engine is stopped without live-restore"},
		"by SIGKILL": {(*enginetest.Private).Kill, restarted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := onAgent(t, agent.Options{})
			private := enginetest.StartPrivate(t, 128)
			s.api, s.image = private.API, enginetest.Busybox(t, private.API)
			s.operators = "agent: {engine: '" + private.Host + "'}\n"
			s.launch(map[string]string{"compose.yaml": twoServices})
			s.told(mesos.TASK_STARTING)
			s.told(mesos.TASK_RUNNING)
			tt.end(private)
			private.Start()
			if failed := s.told(mesos.TASK_FAILED); !strings.Contains(failed.GetMessage(), tt.says) && !strings.HasPrefix(failed.GetMessage(), restarted) {
				t.Errorf("message %q, want %q or %q", failed.GetMessage(), tt.says, restarted)
			}
			s.gone()
			known, err := s.agent.Executor("fw", s.id)
			if err != nil {
				t.Fatal(err)
			}
			if left := enginetest.Left(t.Context(), t, s.api, known.ContainerID); len(left) > 0 {
				t.Errorf("left: %v\n%s", left, s.read("stderr"))
			}
		})
	}
}
