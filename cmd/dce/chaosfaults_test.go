package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// fault is something that goes wrong. It may end the executor or not: what
// lives after it is told to end.
type fault struct {
	name  string
	words string // for the page
	do    func(l *lane)
	// before changes what is launched; may be nil.
	before func(l *lane, compose string) string
	// alone: it hits every lane.
	alone bool
}

// chaosFaults are those that a neighbour lives through.
func chaosFaults() []fault {
	slain := fault{name: "executor killed", words: "SIGKILL, from before its first line to after its last", do: (*lane).slay}
	return []fault{
		slain, slain, slain, // the most frequent in life, too
		{name: "told to end", words: "by the scheduler", do: func(l *lane) { _ = l.agent.Kill("fw", l.task, nil) }},
		{name: "shut down", words: "by the agent, within its grace period", do: func(l *lane) { _ = l.agent.Shutdown("fw", l.id) }},
		{name: "frozen and killed", words: "the executor's cgroup with all that is in it, as the containerizer does", do: frozen},
		{name: "reap killed", words: "SIGKILL of the executor, and of the sweep after it, anywhere in its midst", do: reapKilled},
		{name: "two sweeps at once", words: "after the executor was killed", do: twoReaps},
		{name: "lease lost", words: "deleted under a living executor, a sweep must leave the pod alone; then the executor is killed", do: leaseLost, before: lasting},
		{name: "lease locked", words: "by somebody who may read it, from the executor's death on", do: leaseLocked, before: lasting},
		{name: "lease directory lost", words: "the executor is killed; its lease and what the sweeps have noted are gone", do: leasesLost},
		{name: "clock set", words: "the executor's and the sweeps' are years apart; a sweep must leave the living pod alone; then the executor is killed", do: clockSet, before: clockOdd},
		{name: "agent restarted", words: "with checkpointing; half the time the executor is killed too", do: agentRestarted},
		{name: "agent restarted, forgetting", words: "without checkpointing", do: agentForgets, before: unchecked},
		{name: "connections lost", words: "between agent and executor", do: func(l *lane) { l.agent.DropConnections() }},
		{name: "disk full", words: "not a byte can be written into the sandbox; half the time the executor is killed too", do: diskFull},
		{name: "killed during a pull", words: "the registry accepts connections and says nothing", do: (*lane).slay, before: pulls},
		{name: "another pod of that name", words: "the task has the id of a neighbour's", do: func(*lane) {}, before: sameName, alone: true},
		{name: "engine hangs", words: "SIGSTOP; half the time the executor is killed meanwhile", do: engineHangs, alone: true},
		{name: "engine stopped", words: "SIGTERM, and started again, with live-restore", do: engineStopped, alone: true},
		{name: "engine killed", words: "SIGKILL, and started again, with live-restore", do: engineKilled, alone: true},
		{name: "engine and executor killed", words: "with live-restore", do: bothKilled, alone: true},
	}
}

// engineFaults are those of an engine that takes its pods along.
func engineFaults() []fault {
	return []fault{
		{name: "plain engine stopped", words: "SIGTERM without live-restore, and started again", do: engineStopped},
		{name: "plain engine killed", words: "SIGKILL without live-restore, and started again", do: engineKilled},
		{name: "plain engine and executor killed", words: "without live-restore", do: bothKilled},
		{name: "plain engine hangs", words: "SIGSTOP; half the time the executor is killed meanwhile", do: engineHangs},
		{name: "machine restarted", words: "executor, containers and engine die at once; leases are gone, the boot id is another one", do: rebooted},
	}
}

func killProcess(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) } // gone already

// frozen does to the executor's container what mesos-containerizer's destroy does
// (linux_launcher.cpp): freeze, kill all, thaw, until nothing is left.
func frozen(l *lane) {
	dirs, _ := filepath.Glob("/sys/fs/cgroup/freezer/*/" + l.container(l.id))
	for _, dir := range dirs {
		for range 100 {
			pids := processesIn(dir)
			if len(pids) == 0 {
				break
			}
			state := filepath.Join(dir, "freezer.state")
			_ = os.WriteFile(state, []byte("FROZEN"), 0o600)
			for _, pid := range pids {
				killProcess(pid)
			}
			_ = os.WriteFile(state, []byte("THAWED"), 0o600)
			l.wait(5 * time.Millisecond)
		}
	}
}

// processesIn are the processes of a cgroup and of those below it.
func processesIn(dir string) []int {
	var pids []int
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Name() != "cgroup.procs" {
			return nil //nolint:nilerr // a cgroup that goes while we look
		}
		text, _ := os.ReadFile(path)
		for line := range strings.FieldsSeq(string(text)) {
			pids = append(pids, atoi(line))
		}
		return nil
	})
	return pids
}

// swept runs a sweep, which must end well.
func (l *lane) swept() {
	if out, err := l.world.reap(l.Context(), l.clock); err != nil {
		l.Errorf("%s (%s): %v\n%s", l.id, l.fault, err, out)
	}
}

// reapKilled kills a sweep in its midst; the one after it must do.
func reapKilled(l *lane) {
	l.slay()
	ctx, cancel := context.WithTimeout(l.Context(), time.Duration(l.rand.IntN(800))*time.Millisecond)
	defer cancel()
	_, _ = l.world.reap(ctx, "") // ends by SIGKILL
}

func twoReaps(l *lane) {
	l.slay()
	var reaping sync.WaitGroup
	for range 2 {
		reaping.Go(l.swept)
	}
	reaping.Wait()
}

// leaseLost leaves the executor's process as the only evidence.
func leaseLost(l *lane) {
	if !l.awaitRunning() {
		return
	}
	_ = os.Remove(l.lease())
	l.spares()
	l.slay()
}

// leaseLocked has somebody wait for the executor's lock, who gets it at its death
// and keeps it, as a child would that had inherited it.
func leaseLocked(l *lane) {
	if !l.awaitRunning() {
		return
	}
	f, err := os.Open(l.lease())
	if err != nil {
		l.Errorf("%s (%s): %v", l.id, l.fault, err)
		return
	}
	l.Cleanup(func() { _ = f.Close() })
	locked := make(chan error, 1)
	go func() { locked <- syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }()
	l.spares()
	l.slay()
	if err := <-locked; err != nil {
		l.Errorf("%s (%s): %v", l.id, l.fault, err)
	}
}

// lasting makes the round's pod one that does not end by itself.
func lasting(_ *lane, _ string) string { return withVolume }

// awaitRunning waits until the task was told as running: what is spared must be
// there. Nothing has happened to it yet, so its end is a wrong kill, unless the
// engine did not bring it up: then there is nothing to spare.
func (l *lane) awaitRunning() bool {
	for patience := time.Now().Add(time.Minute); !l.told(mesos.TASK_RUNNING); l.wait(time.Millisecond) {
		switch {
		case l.toldEnd() && l.statuses[len(l.statuses)-1].GetReason() == mesos.REASON_CONTAINER_LAUNCH_FAILED:
			l.world.refused("%s (%s)\n%s", l.id, l.fault, l.read("stderr"))
			return false
		case l.toldEnd():
			l.world.killed("%s (%s), to which nothing had happened: %s\n%s", l.id, l.fault, states(l.statuses), l.read("stderr"))
			return false
		case time.Now().After(patience):
			l.Errorf("%s (%s): not running after a minute: %s\n%s", l.id, l.fault, states(l.statuses), l.read("stderr"))
			return false
		}
	}
	return true
}

// spares holds that a sweep leaves the round's pod alone, where its executor
// lives and nothing ends it: one whose pod is taken away leaves by itself.
func (l *lane) spares() {
	lived := len(l.pids()) > 0
	out, err := l.world.reap(l.Context(), l.clock)
	if err != nil {
		l.Errorf("%s (%s): %v\n%s", l.id, l.fault, err, out)
	}
	if lived && slices.Contains(removedBy(out), l.container(l.id)) {
		l.world.killed("%s (%s), whose executor lived\n%s", l.id, l.fault, out)
	}
}

// leasesLost is what a reboot does to them: not even a directory is left that is
// marked as swept.
func leasesLost(l *lane) {
	l.slay()
	l.awaitDeath()
	_ = os.Remove(l.lease())
	_ = os.Remove(filepath.Join(l.world.leases, "swept"))
}

// awaitDeath waits until the executor's processes are gone.
func (l *lane) awaitDeath() {
	enginetest.Eventually(l, time.Minute, "the executor to end", func() (bool, string) { return len(l.pids()) == 0, l.id })
}

// A clock that is a decade off, forwards or backwards.
const decade = "87600h"

func clockOdd(l *lane, compose string) string {
	ahead, back := decade, "-"+decade
	if l.rand.IntN(2) == 0 {
		ahead, back = back, ahead
	}
	l.environ, l.clock = map[string]string{clockOff: ahead}, back
	return lasting(l, compose)
}

func clockSet(l *lane) {
	if !l.awaitRunning() {
		return
	}
	l.spares()
	l.slay()
}

func agentRestarted(l *lane) {
	o := agent.RestartOptions{Down: time.Duration(l.rand.IntN(300)) * time.Millisecond, Recovering: 50 * time.Millisecond}
	if err := l.agent.Restart(l.Context(), o); err != nil {
		l.Error(err)
	}
	if l.rand.IntN(2) == 0 {
		l.slay()
	}
}

// diskFull leaves no room in the sandbox until the executor has ended.
func diskFull(l *lane) {
	full := filepath.Join(l.work, "full")
	f, err := os.Create(full)
	if err != nil {
		l.Fatal(err)
	}
	l.after = append(l.after, func() { _ = os.Remove(full) })
	defer f.Close()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); err != nil { // smaller ones may still fit
			block = block[:len(block)/2]
		}
	}
	if l.rand.IntN(2) == 0 {
		l.slay()
	}
	l.wait(200 * time.Millisecond)
}

func engineHangs(l *lane) {
	l.world.engine.Signal(syscall.SIGSTOP)
	l.wait(time.Duration(l.rand.IntN(1500)) * time.Millisecond)
	if l.rand.IntN(2) == 0 {
		l.slay()
	}
	l.world.engine.Signal(syscall.SIGCONT)
}

func engineStopped(l *lane) {
	l.world.engine.Stop()
	l.wait(time.Duration(l.rand.IntN(500)) * time.Millisecond)
	l.world.engine.Start()
}

func engineKilled(l *lane) {
	l.world.engine.Kill()
	l.wait(time.Duration(l.rand.IntN(500)) * time.Millisecond)
	l.world.engine.Start()
}

func bothKilled(l *lane) {
	l.world.engine.Kill()
	l.slay()
	l.world.engine.Start()
}

// rebooted loses all that a machine loses with its power, and begins a new boot.
func rebooted(l *lane) {
	l.slay()
	l.world.engine.Crash()
	l.awaitDeath()
	for _, name := range []string{l.lease(), filepath.Join(l.world.leases, "swept")} {
		_ = os.Remove(name)
	}
	l.world.boot += "+1"
	l.world.engine.Start()
}

// silentRegistry listens in the engine's network and says nothing.
func silentRegistry(p *enginetest.Private) string {
	l := p.Listen()
	go func() {
		for {
			if _, err := l.Accept(); err != nil { // at the test's end
				return
			}
		}
	}()
	return l.Addr().String()
}

func pulls(l *lane, _ string) string {
	return "services: {web: {image: '" + l.world.registry + "/slow:1'}, db: {image: IMAGE, volumes: ['data:/data']}}\nvolumes: {data: {}}\n"
}

// sameName gives the task the id that the neighbour's has, as another framework
// may: names made of it are the neighbour's.
func sameName(l *lane, compose string) string {
	l.task = l.world.neighbour.task
	return compose
}

func unchecked(l *lane, compose string) string {
	l.framework.Checkpoint = new(false)
	return compose
}

// agentForgets restarts an agent that then knows nothing of the executor: it
// is killed, if it has not left by itself, and nobody is told.
func agentForgets(l *lane) {
	if err := l.agent.Restart(l.Context(), agent.RestartOptions{Down: 100 * time.Millisecond}); err != nil {
		l.Error(err)
	}
	l.awaitDeath()
	l.ended = true
}
