package agent

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// killTree kills a process, its descendants, and all of its session, as Mesos' posix launcher does, and waits a second
// at most for each generation to be dead. What left the session after its parent died survives it, there as here.
func killTree(leader int) {
	for range 10 { // again, for what was forked meanwhile
		found := treeOf(leader)
		if len(found) == 0 {
			return
		}
		for _, pid := range found {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone already
		}
		for range 100 {
			if !slices.ContainsFunc(found, isAlive) {
				break
			}
			pause()
		}
	}
}

func isAlive(pid int) bool {
	p, ok := readStat(pid)

	return ok && !p.zombie
}

// pause gives the kernel a moment to end what was killed: there is nothing to wait on but a child.
func pause() {
	timer := time.NewTimer(10 * time.Millisecond)
	defer timer.Stop()
	<-timer.C
}

// treeOf lists the living processes of a leader: descendants, and members of its session.
func treeOf(leader int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var processes []processStat
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			if p, ok := readStat(pid); ok {
				processes = append(processes, p)
			}
		}
	}

	return descendants(processes, leader)
}

// processStat is what is read of /proc/<pid>/stat.
type processStat struct {
	pid, parent, session int
	zombie               bool
}

func readStat(pid int) (processStat, bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return processStat{}, false
	}
	// pid (command) state ppid pgrp session ...; the command may hold anything.
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 4 {
		return processStat{}, false
	}
	parent, _ := strconv.Atoi(fields[1])
	session, _ := strconv.Atoi(fields[3])

	return processStat{pid, parent, session, fields[0] == "Z" || fields[0] == "X"}, true
}

func descendants(processes []processStat, leader int) []int {
	belongs := map[int]bool{leader: true}
	for grown := true; grown; {
		grown = false
		for _, p := range processes {
			if !belongs[p.pid] && (p.session == leader || belongs[p.parent]) {
				belongs[p.pid], grown = true, true
			}
		}
	}
	var found []int
	for _, p := range processes {
		if belongs[p.pid] && !p.zombie {
			found = append(found, p.pid)
		}
	}

	return found
}
