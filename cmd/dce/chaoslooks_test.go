package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/enginetest"
)

// What takes the kernel and the agent a moment to give back begins with these.
const (
	aCgroup  = "cgroup "
	aProcess = "process "
)

// left is what there is of a pod in a world: containers, networks, volumes, its
// lease, cgroups in every hierarchy and its executor's processes.
func (w *world) left(pod string) []string {
	w.Helper()
	left := enginetest.Left(w.Context(), w, w.api, pod)
	left = slices.DeleteFunc(left, func(what string) bool { return strings.HasPrefix(what, aCgroup) })
	if _, err := os.Lstat(filepath.Join(w.leases, pod+".lease")); !errors.Is(err, os.ErrNotExist) {
		left = append(left, "its lease")
	}
	cgroups, _ := filepath.Glob("/sys/fs/cgroup/*/*/" + pod)
	for _, c := range cgroups {
		left = append(left, aCgroup+c)
	}
	for _, pid := range executorsOf(pod) {
		left = append(left, aProcess+strconv.Itoa(pid))
	}
	return left
}

// executorsOf are the living processes of the executor whose container a pod is
// named after.
func executorsOf(pod string) []int { return withEnviron("MESOS_DIRECTORY=", "/"+pod+"\x00") }

// withEnviron are the processes that have a variable which begins and ends so.
func withEnviron(begin, end string) []int {
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		environ, _ := os.ReadFile(filepath.Join(dir, "environ")) // of a zombie it is empty
		for variable := range bytes.SplitAfterSeq(environ, []byte{0}) {
			if !bytes.HasPrefix(variable, []byte(begin)) || !bytes.HasSuffix(variable, []byte(end)) {
				continue
			}
			if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// clean sweeps once, and then nothing of the pod may be there.
func (l *lane) clean(pod string) {
	l.Helper()
	out, err := l.world.reap(l.Context(), l.clock)
	if err != nil {
		l.Errorf("%s: dce reap: %v\n%s", l.id, err, out)
	}
	left := l.world.left(pod)
	now := slices.DeleteFunc(slices.Clone(left), func(what string) bool {
		return strings.HasPrefix(what, aCgroup) || strings.HasPrefix(what, aProcess)
	})
	if len(now) > 0 {
		l.world.leaked("%s (%s) left %s\nreap: %s\nexecutor: %s", l.id, l.fault, strings.Join(now, ", "), out, l.read("stderr"))
		enginetest.Remove(l.Context(), l.api, pod)
		return
	}
	patience := time.Now().Add(time.Minute)
	for len(left) > 0 {
		if time.Now().After(patience) {
			l.world.leaked("%s (%s) left %s", l.id, l.fault, strings.Join(left, ", "))
			return
		}
		l.wait(20 * time.Millisecond)
		left = l.world.left(pod)
	}
}

// consistent holds that the updates of the round's task make sense.
func (l *lane) consistent() {
	for len(l.events) > 0 {
		l.hear(<-l.events)
	}
	if wrong := inconsistency(l.statuses); wrong != "" {
		l.Errorf("%s (%s): the task %s: %s", l.id, l.fault, wrong, states(l.statuses))
	}
}

// inconsistency is what is wrong with the updates of a task: they must be in the
// order of its life, and end with exactly one end.
func inconsistency(told []mesos.TaskStatus) string {
	rank := map[mesos.TaskState]int{mesos.TASK_STAGING: 0, mesos.TASK_STARTING: 1, mesos.TASK_RUNNING: 2, mesos.TASK_KILLING: 3}
	last := 0
	for i, s := range told {
		at, going := rank[s.GetState()]
		switch {
		case !going && i != len(told)-1:
			return "was told after its end"
		case going && i == len(told)-1:
			return "was never told as ended"
		case going && at < last:
			return "goes back"
		}
		last = at
	}
	if len(told) == 0 {
		return "was never told of"
	}
	return ""
}

func states(all []mesos.TaskStatus) string {
	var names []string
	for _, s := range all {
		names = append(names, s.GetState().String())
	}
	return strings.Join(names, " ")
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
