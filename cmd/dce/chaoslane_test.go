package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
)

// lane is one agent on which pods live and die.
type lane struct {
	*stage

	world  *world
	deck   *deck
	number int
	work   string // the agent's work directory, a file system of its own

	// Of the round:
	rand   *rand.Rand
	rounds int
	fault  string
	task   string
	clock  string // how far off its sweeps' clock is
	after  []func()
	// statuses are what was told of the task.
	statuses []mesos.TaskStatus
	ended    bool
}

// workDisk is enough for the sandboxes of a long run.
const workDisk = "size=64m"

func (w *world) lane(n int, d *deck) *lane {
	w.Helper()
	work := w.TempDir()
	if err := syscall.Mount("tmpfs", work, "tmpfs", 0, workDisk); err != nil {
		w.Fatalf("mounting a work directory: %v", err)
	}
	w.Cleanup(func() { _ = syscall.Unmount(work, syscall.MNT_DETACH) })
	o := agent.Options{WorkDir: work, ReregistrationTimeout: time.Minute, ShutdownGrace: 2 * time.Second}
	return &lane{stage: w.stage(fmt.Sprint(w.kind.name, n), o), world: w, deck: d, number: n, work: work}
}

// run takes rounds until there is no other fault.
func (l *lane) run() {
	for !l.Failed() {
		f, r, ok := l.deck.deal()
		if !ok {
			return
		}
		l.round(f, r)
	}
}

// chaosPods are what is launched: one that runs, one that ends badly by itself,
// and one that does not listen.
func chaosPods() []string {
	return []string{
		withVolume, withVolume,
		"services: {web: {image: IMAGE, command: [sh, -c, 'sleep 1; exit 3'], volumes: ['data:/data']}}\nvolumes: {data: {}}\n",
		deafToTERM + "    volumes: [\"data:/data\"]\nvolumes: {data: {}}\n",
	}
}

// round launches a pod, does one thing to it, and looks at what is left.
func (l *lane) round(f fault, r *rand.Rand) {
	l.rounds++
	l.id = fmt.Sprintf("%s%d.%d", l.world.kind.name, l.number, l.rounds)
	l.rand, l.fault, l.clock, l.statuses, l.ended = r, f.name, "", nil, false
	l.environ, l.framework.Checkpoint, l.after = nil, new(true), nil
	compose := strings.Replace(chaosPods()[r.IntN(len(chaosPods()))], "grace_period: 1h", "grace_period: "+l.world.kind.grace, 1)
	moment := time.Duration(r.IntN(2500)) * time.Millisecond
	l.Logf("%s: %s after %s", l.id, f.name, moment)

	if f.alone {
		l.world.harm.Lock()
		defer l.world.harm.Unlock()
	} else {
		l.world.harm.RLock()
		defer l.world.harm.RUnlock()
	}
	l.task = l.id + ".task"
	if f.before != nil {
		compose = f.before(l, compose)
	}
	l.start(compose)
	pod := l.container(l.id)
	l.wait(moment)
	f.do(l)
	l.world.inject(f.name)
	l.over()
	for _, undo := range l.after {
		undo()
	}
	l.clean(pod)
	l.consistent()
	if f.alone {
		l.world.spared()
	}
}

// start launches without waiting for anything.
func (l *lane) start(compose string) {
	l.Helper()
	info := mesos.TaskInfo{
		Name: "web", TaskID: mesos.TaskID{Value: l.task},
		Resources: []mesos.Resource{scalar("cpus", 0.1), scalar("mem", 128), ports(l.port, l.port+3)},
	}
	if l.world.boot != "" {
		argv := inBoot(l.world.boot, `"$DCE" executor`)
		l.command = "DCE='dce'; export DCE; exec " + strings.Join(argv[:4], " ") + " '" + argv[4] + "'"
	}
	if err := l.agent.Launch(l.Context(), l.framework, l.executorInfo(l.id, map[string]string{"compose.yaml": compose}), info); err != nil {
		l.Fatal(err)
	}
}

// wait passes a random time, and hears what is told meanwhile.
func (l *lane) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case e := <-l.events:
			l.hear(e)
		}
	}
}

func (l *lane) hear(e agent.Event) {
	if e.Failure != nil && e.Failure.ExecutorID == l.id {
		l.ended = true
	}
	// The master's own answer about a task that has ended is no update of it.
	if e.Status != nil && e.Status.TaskID.Value == l.task && e.Status.GetReason() != mesos.REASON_RECONCILIATION {
		again := slices.ContainsFunc(l.statuses, func(s mesos.TaskStatus) bool {
			return len(s.UUID) > 0 && bytes.Equal(s.UUID, e.Status.UUID)
		})
		if !again {
			l.statuses = append(l.statuses, *e.Status)
		}
	}
}

// over ends what still lives of the round: asks for the task's end, and kills
// the executor that has not heard of it in time.
func (l *lane) over() {
	patience := time.NewTimer(time.Minute)
	defer patience.Stop()
	again := time.NewTicker(time.Second) // as a scheduler does: what is sent to one that is not connected is lost
	defer again.Stop()
	ask := func() {
		if !l.ended {
			_ = l.agent.Kill("fw", l.task, &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(time.Second)}})
		}
	}
	for ask(); !l.ended || !l.toldEnd(); {
		select {
		case e := <-l.events:
			l.hear(e)
		case <-again.C:
			ask()
		case <-patience.C:
			l.Errorf("%s (%s): not ended: %s\n%s", l.id, l.fault, states(l.statuses), l.read("stderr"))
			l.slay()
			return
		}
	}
}

// told reports whether the task was told to be in a state.
func (l *lane) told(state mesos.TaskState) bool {
	return slices.ContainsFunc(l.statuses, func(s mesos.TaskStatus) bool { return s.GetState() == state })
}

// toldEnd reports whether the task's end was told.
func (l *lane) toldEnd() bool {
	return slices.ContainsFunc(l.statuses, func(s mesos.TaskStatus) bool { return !going(s.GetState()) })
}

func going(s mesos.TaskState) bool {
	return slices.Contains([]mesos.TaskState{mesos.TASK_STAGING, mesos.TASK_STARTING, mesos.TASK_RUNNING, mesos.TASK_KILLING}, s)
}

// slay kills the executor's process, wherever it is in its life.
func (l *lane) slay() {
	for _, pid := range l.pids() {
		killProcess(pid)
	}
}

// pids are the processes of the executor.
func (l *lane) pids() []int { return withEnviron("MESOS_EXECUTOR_ID=", "="+l.id+"\x00") }

// lease is the file of the round's executor.
func (l *lane) lease() string { return filepath.Join(l.world.leases, l.container(l.id)+".lease") }
