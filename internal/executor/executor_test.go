package executor

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/diag"
	"dce/internal/mesos"
)

// withoutAgent is an executor whose agent is down, and which has an update for it.
func withoutAgent(t *testing.T) (*executor, chan string) {
	t.Helper()
	env := mesos.Environment{
		AgentEndpoint: "127.0.0.1:5051", FrameworkID: "fw", ExecutorID: "e", Directory: t.TempDir(),
		Checkpoint: true, RecoveryTimeout: 15 * time.Minute, BackoffMax: 2 * time.Second, ShutdownGrace: 8 * time.Second,
	}
	log := slog.New(slog.DiscardHandler)
	session, err := mesos.NewSession(env, mesos.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, syscall.ECONNREFUSED
	}})
	if err != nil {
		t.Fatal(err)
	}
	stops := make(chan string)
	x := newExecutor(Options{Environment: env, Log: log, Stops: stops}, session)
	ctx, leave := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = session.Run(ctx, func(mesos.Event) {}) }) // its error is the flush's, too
	t.Cleanup(func() {
		leave()
		running.Wait()
	})
	x.tell(mesos.Update{TaskID: "t", State: v1.TASK_FAILED})
	return x, stops
}

func TestTheLastUpdatesWaitForAnAgentThatIsDown(t *testing.T) {
	for name, tt := range map[string]struct {
		ending bool
		stop   time.Duration // by the machine, zero is never
		want   time.Duration
		lost   bool
	}{
		"until it counts as lost":                {want: 15 * time.Minute, lost: true},
		"until the machine wants the end":        {stop: time.Minute, want: time.Minute + 2*time.Second},
		"a moment only, where the end is wanted": {ending: true, want: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, stops := withoutAgent(t)
				x.ending = tt.ending
				if tt.stop > 0 {
					time.AfterFunc(tt.stop, func() { stops <- "SIGTERM" })
				}
				began := time.Now()
				err := x.flush(t.Context())
				if waited := time.Since(began); waited != tt.want {
					t.Errorf("waited %v, want %v", waited, tt.want)
				}
				if _, lost := diag.Of(err); lost != tt.lost || !tt.lost && !errors.Is(err, errTime) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestATaskIDIsUsedAgainWhileItsFirstPodIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _ := withoutAgent(t)
		info := v1.TaskInfo{TaskID: v1.TaskID{Value: "again"}}
		first, second := newTask(info, 0), newTask(info, 1)
		x.tasks, x.launched = map[int]*task{0: first, 1: second}, 2
		aborted := 0
		second.abort = func() { aborted++ }

		x.kill(mesos.Kill{TaskID: "again"})
		if first.killed != nil || second.killed == nil || aborted != 1 {
			t.Errorf("killed: %v and %v, want the second task", first.killed, second.killed)
		}
		x.handle(t.Context(), over{task: first})
		if x.idle() || x.newest("again") != second {
			t.Error("the end of the first task took the second along")
		}
		x.handle(t.Context(), over{task: second})
		if !x.idle() {
			t.Error("the executor does not end with its last task")
		}
	})
}

func TestAPodThatIsRemovedIsWaitedForWhateverUsesItsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _ := withoutAgent(t)
		info := v1.TaskInfo{TaskID: v1.TaskID{Value: "again"}}
		first, second := newTask(info, 0), newTask(info, 1)
		x.tasks, x.launched = map[int]*task{0: first, 1: second}, 2
		x.handle(t.Context(), staged{task: second, err: errors.New("no compose file")})
		if x.idle() {
			t.Error("the executor ends before the first pod is removed")
		}
	})
}
