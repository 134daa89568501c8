package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// fault is something that goes wrong. It may end the executor or not: what
// lives after it is told to end.
type fault struct {
	name string
	do   func(l *lane, task string)
	// before changes what is launched; may be nil.
	before func(l *lane, compose string) string
	// alone: it hits every lane.
	alone bool
}

func chaosFaults() []fault {
	slain := fault{name: "executor killed", do: func(l *lane, _ string) { l.slay() }}
	return []fault{
		slain, slain, slain, // the most frequent in life, too
		{name: "told to end", do: func(l *lane, task string) { _ = l.agent.Kill("fw", task, nil) }},
		{name: "frozen and killed by the containerizer", do: func(l *lane, _ string) { _ = l.agent.Shutdown("fw", l.id) }},
		{name: "reap killed", do: reapKilled},
		{name: "two reaps at once", do: twoReaps},
		{name: "leases lost", do: leasesLost},
		{name: "agent restarted", do: agentRestarted},
		{name: "connections lost", do: func(l *lane, _ string) { l.agent.DropConnections() }},
		{name: "sandbox full", do: sandboxFull},
		{name: "killed during a pull", do: func(l *lane, _ string) { l.slay() }, before: pulls},
		{name: "another pod of that name", do: func(*lane, string) {}, before: sameName, alone: true},
		{name: "agent restarted without checkpoints", do: agentForgets, before: unchecked},
		{name: "machine restarted", do: rebooted},
		{name: "engine hangs", do: engineHangs, alone: true},
		{name: "engine killed", do: engineKilled, alone: true},
		{name: "engine and executor killed", do: bothKilled, alone: true},
	}
}

func killProcess(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) } // gone already

// reapKilled kills a sweep in its midst; the one after it must do.
func reapKilled(l *lane, _ string) {
	l.slay()
	ctx, cancel := context.WithTimeout(l.Context(), time.Duration(l.rand.IntN(800))*time.Millisecond)
	defer cancel()
	_, _ = l.world.reap(ctx) // ends by SIGKILL
}

func twoReaps(l *lane, _ string) {
	l.slay()
	var reaping sync.WaitGroup
	for range 2 {
		reaping.Go(func() {
			if out, err := l.world.reap(l.Context()); err != nil {
				l.Errorf("%s: one of two: %v\n%s", l.id, err, out)
			}
		})
	}
	reaping.Wait()
}

// leasesLost is what a reboot does to them: the executor's process is the only
// evidence then.
func leasesLost(l *lane, _ string) {
	_ = os.Remove(filepath.Join(l.world.leases, l.container(l.id)+".lease"))
	if out, err := l.world.reap(l.Context()); err != nil { // it must leave the living alone
		l.Errorf("%s: %v\n%s", l.id, err, out)
	}
	l.slay()
}

func agentRestarted(l *lane, _ string) {
	o := agent.RestartOptions{Down: time.Duration(l.rand.IntN(300)) * time.Millisecond, Recovering: 50 * time.Millisecond}
	if err := l.agent.Restart(l.Context(), o); err != nil {
		l.Error(err)
	}
	if l.rand.IntN(2) == 0 {
		l.slay()
	}
}

// sandboxFull leaves no room below the sandbox for a while.
func sandboxFull(l *lane, _ string) {
	known, err := l.agent.Executor("fw", l.id)
	if err != nil {
		return
	}
	if err := syscall.Mount("tmpfs", known.Directory, "tmpfs", 0, "size=4k"); err != nil {
		return // it is gone already
	}
	defer func() { _ = syscall.Unmount(known.Directory, syscall.MNT_DETACH) }()
	_ = os.WriteFile(filepath.Join(known.Directory, "full"), make([]byte, 1<<16), 0o600) // as much as fits
	if l.rand.IntN(2) == 0 {
		l.slay()
	}
	l.wait(200 * time.Millisecond)
}

func engineHangs(l *lane, _ string) {
	l.world.engine.Signal(syscall.SIGSTOP)
	l.wait(time.Duration(l.rand.IntN(1500)) * time.Millisecond)
	if l.rand.IntN(2) == 0 {
		l.slay()
	}
	l.world.engine.Signal(syscall.SIGCONT)
}

func engineKilled(l *lane, _ string) {
	l.world.engine.Kill()
	l.wait(time.Duration(l.rand.IntN(500)) * time.Millisecond)
	l.world.engine.Start()
}

func bothKilled(l *lane, _ string) {
	l.world.engine.Kill()
	l.slay()
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
func agentForgets(l *lane, _ string) {
	if err := l.agent.Restart(l.Context(), agent.RestartOptions{Down: 100 * time.Millisecond}); err != nil {
		l.Error(err)
	}
	enginetest.Eventually(l, time.Minute, "the forgotten executor to end", func() (bool, string) {
		return len(l.pids()) == 0, l.id
	})
	l.ended = true
}

// rebooted is what a reboot leaves: things of an executor that is gone, and no
// leases, not even a directory of them marked as swept.
func rebooted(l *lane, _ string) {
	l.slay()
	enginetest.Eventually(l, time.Minute, "the executor to end", func() (bool, string) { return len(l.pids()) == 0, l.id })
	_ = os.Remove(filepath.Join(l.world.leases, l.container(l.id)+".lease"))
	_ = os.Remove(filepath.Join(l.world.leases, "swept"))
}
