package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/moby/moby/client"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// Chaos: pods are launched one after the other, and at a random moment of each
// something dies. After each the world must be as if the pod had never been, its
// updates must make sense, and the neighbour must not have noticed. A seed makes
// the same plan of faults again (DCE_CHAOS_SEED); DCE_CHAOS asks for the long form,
// DCE_CHAOS_FAULTS for another number of them.

const (
	shortFaults = 44
	longFaults  = 500
	lanes       = 3
)

// world is one private engine with its agents.
type world struct {
	*testing.T

	engine    *enginetest.Private
	leases    string
	operators string
	image     string
	registry  string // the address, in the engine's network, of one that never answers
	neighbour neighbour
	// harm is held by a fault that hits every lane: no round begins meanwhile.
	harm sync.RWMutex

	mu       sync.Mutex
	injected map[string]int
}

func TestNothingIsLeftWhateverDies(t *testing.T) {
	enginetest.Require(t)
	faults, seed := shortFaults, uint64(20)
	if os.Getenv("DCE_CHAOS") != "" {
		faults, seed = longFaults, uint64(time.Now().UnixNano())
	}
	if n, err := strconv.Atoi(os.Getenv("DCE_CHAOS_FAULTS")); err == nil {
		faults = n
	}
	if n, err := strconv.ParseUint(os.Getenv("DCE_CHAOS_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("%d faults, DCE_CHAOS_SEED=%d", faults, seed)
	w := newWorld(t)
	var running sync.WaitGroup
	for n := range lanes {
		l := w.lane(n, rand.New(rand.NewPCG(seed, uint64(n))))
		running.Go(func() {
			for w.count() < faults && !t.Failed() {
				l.round()
			}
		})
	}
	running.Wait()
	w.neighbour.untouched()
	w.neighbour.end()
	w.nothingAtAll()
	t.Logf("%d faults: %v", w.count(), w.injected)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, engine: enginetest.StartPrivate(t, 512, "--live-restore"), leases: t.TempDir(), injected: map[string]int{}}
	w.image = enginetest.Busybox(t, w.engine.API)
	w.operators = fmt.Sprintf("agent: {engine: %q, leases: %q}\n", w.engine.Host, w.leases)
	w.registry = silentRegistry(w.engine)
	w.neighbour = w.newNeighbour()
	return w
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, times := range w.injected {
		n += times
	}
	return n
}

func (w *world) inject(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.injected[what]++
}

// stage is an agent of this world.
func (w *world) stage(name string, o agent.Options) *stage {
	s := onAgent(w.T, o)
	s.api, s.image, s.operators = w.engine.API, w.image, w.operators
	s.id = name
	return s
}

// reap runs dce reap on this world, for as long as it may.
func (w *world) reap(ctx context.Context) (string, error) {
	file := filepath.Join(w.leases, "operators.yaml")
	if err := os.WriteFile(file, []byte(w.operators), 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "dce", "reap")
	cmd.Env = append(os.Environ(), operatorsFile+"="+file, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// neighbour is a pod that lives through everything.
type neighbour struct {
	*stage

	task string
	was  string
}

func (w *world) newNeighbour() neighbour {
	n := neighbour{stage: w.stage("neighbour", agent.Options{ReregistrationTimeout: time.Minute})}
	n.task = n.launch(map[string]string{"compose.yaml": twoServices})
	n.told(mesos.TASK_STARTING)
	n.told(mesos.TASK_RUNNING)
	n.was = n.now()
	return n
}

// now is the life of each of its containers.
func (n neighbour) now() string {
	n.Helper()
	pod := n.container(n.id)
	res, err := n.api.ContainerList(n.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", "dce.pod="+pod)})
	if err != nil {
		n.Fatal(err)
	}
	var lives []string
	for _, c := range res.Items {
		look, err := n.api.ContainerInspect(n.Context(), c.ID, client.ContainerInspectOptions{})
		if err != nil {
			n.Fatal(err)
		}
		lives = append(lives, fmt.Sprint(c.ID, look.Container.State.Status, look.Container.State.Pid, look.Container.State.StartedAt))
	}
	slices.Sort(lives)
	return strings.Join(lives, "\n")
}

func (n neighbour) untouched() {
	n.Helper()
	if is := n.now(); is != n.was {
		n.Errorf("the neighbour was\n%s\nand is\n%s", n.was, is)
	}
}

func (n neighbour) end() {
	n.Helper()
	n.kill(n.task, nil)
	n.told(mesos.TASK_KILLED)
	n.gone()
}

// nothingAtAll holds that nothing is left in this world: it was all of pods.
func (w *world) nothingAtAll() {
	w.Helper()
	if out, err := w.reap(w.Context()); err != nil {
		w.Errorf("the last sweep: %v\n%s", err, out)
	}
	res, err := w.engine.API.ContainerList(w.Context(), client.ContainerListOptions{All: true})
	if err != nil || len(res.Items) > 0 {
		w.Errorf("%d containers are left, %v", len(res.Items), err)
	}
	volumes, err := w.engine.API.VolumeList(w.Context(), client.VolumeListOptions{})
	if err != nil || len(volumes.Items) > 0 {
		w.Errorf("%d volumes are left, %v", len(volumes.Items), err)
	}
	if files, _ := filepath.Glob(w.leases + "/*.lease"); len(files) > 0 {
		w.Errorf("leases are left: %v", files)
	}
}

// lane is one agent on which pods live and die.
type lane struct {
	*stage

	world  *world
	number int
	rand   *rand.Rand
	rounds int
	task   string
	// statuses are what was told of the task of this round.
	statuses []mesos.TaskStatus
	ended    bool
}

func (w *world) lane(n int, r *rand.Rand) *lane {
	o := agent.Options{ReregistrationTimeout: time.Minute, ShutdownGrace: 2 * time.Second}
	return &lane{stage: w.stage(fmt.Sprint("lane", n), o), world: w, number: n, rand: r}
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
func (l *lane) round() {
	l.rounds++
	l.id = fmt.Sprintf("lane%d.%d", l.number, l.rounds)
	l.statuses, l.ended = nil, false
	all := chaosFaults()
	f := all[l.rand.IntN(len(all))]
	compose := chaosPods()[l.rand.IntN(len(chaosPods()))]
	moment := time.Duration(l.rand.IntN(2500)) * time.Millisecond
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
	task := l.start(compose)
	pod := l.container(l.id)
	l.wait(moment)
	f.do(l, task)
	l.world.inject(f.name)
	l.over(task)
	l.clean(pod)
	l.consistent()
	if f.alone {
		l.world.neighbour.untouched()
	}
	l.framework.Checkpoint = new(true)
}

// start launches without waiting for anything.
func (l *lane) start(compose string) string {
	info := mesos.TaskInfo{
		Name: "web", TaskID: mesos.TaskID{Value: l.task},
		Resources: []mesos.Resource{scalar("cpus", 0.1), scalar("mem", 128), ports(l.port, l.port+3)},
	}
	if err := l.agent.Launch(l.Context(), l.framework, l.executorInfo(l.id, map[string]string{"compose.yaml": compose}), info); err != nil {
		l.Fatal(err)
	}
	return info.TaskID.Value
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
func (l *lane) over(task string) {
	patience := time.NewTimer(time.Minute)
	defer patience.Stop()
	again := time.NewTicker(time.Second) // as a scheduler does: what is sent to one that is not connected is lost
	defer again.Stop()
	ask := func() {
		if !l.ended {
			_ = l.agent.Kill("fw", task, &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: int64(time.Second)}})
		}
	}
	for ask(); !l.ended || !l.told(); {
		select {
		case e := <-l.events:
			l.hear(e)
		case <-again.C:
			ask()
		case <-patience.C:
			l.Errorf("%s: not ended: %s\n%s", l.id, states(l.statuses), l.read("stderr"))
			l.slay()
			return
		}
	}
}

// told reports whether the task's end was told.
func (l *lane) told() bool {
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
func (l *lane) pids() []int {
	var pids []int
	for _, dir := range processes() {
		environ, _ := os.ReadFile(filepath.Join(dir, "environ")) // of a zombie it is empty
		if bytes.Contains(environ, []byte("MESOS_EXECUTOR_ID="+l.id+"\x00")) {
			if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func processes() []string {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	return dirs
}

// clean sweeps once, and then nothing of the pod may be there.
func (l *lane) clean(pod string) {
	out, err := l.world.reap(l.Context())
	if err != nil {
		l.Errorf("%s: dce reap: %v\n%s", l.id, err, out)
	}
	left := enginetest.Left(l.Context(), l, l.api, pod)
	// What the agent removes of its own cgroups takes it a moment.
	left = slices.DeleteFunc(left, func(what string) bool { return strings.HasPrefix(what, "cgroup ") })
	if _, err := os.Stat(filepath.Join(l.world.leases, pod+".lease")); !errors.Is(err, os.ErrNotExist) {
		left = append(left, "its lease")
	}
	if len(left) > 0 {
		l.Errorf("%s left %s\nreap: %s\nexecutor: %s", l.id, strings.Join(left, ", "), out, l.read("stderr"))
	}
	enginetest.Eventually(l, time.Minute, "the cgroups of "+l.id+" to go", func() (bool, string) {
		cgroups, _ := filepath.Glob("/sys/fs/cgroup/*/*/" + pod)
		return len(cgroups) == 0, strings.Join(cgroups, ", ")
	})
}

// consistent holds that the updates of a task are in the order of its life, and
// end with exactly one end.
func (l *lane) consistent() {
	for len(l.events) > 0 {
		l.hear(<-l.events)
	}
	rank := map[mesos.TaskState]int{mesos.TASK_STAGING: 0, mesos.TASK_STARTING: 1, mesos.TASK_RUNNING: 2, mesos.TASK_KILLING: 3}
	last := 0
	for i, s := range l.statuses {
		at, going := rank[s.GetState()]
		switch {
		case !going && i != len(l.statuses)-1:
			l.Errorf("%s was told after its end: %s", l.id, states(l.statuses))
		case going && i == len(l.statuses)-1:
			l.Errorf("%s was never told as ended: %s", l.id, states(l.statuses))
		case going && at < last:
			l.Errorf("%s goes back: %s", l.id, states(l.statuses))
		}
		last = at
	}
}

func states(all []mesos.TaskStatus) string {
	var names []string
	for _, s := range all {
		names = append(names, s.GetState().String())
	}
	return strings.Join(names, " ")
}
