package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// State says what is known of a lease's holder.
type State string

// The states of a holder. Unknown is never to be taken for gone.
const (
	Alive   State = "alive"
	Gone    State = "gone"
	Unknown State = "unknown"
)

// Verdict is what is known of a holder, and the evidence in words.
type Verdict struct {
	State  State
	Reason string
}

// Identity is what a pod's labels tell of the process that looks after it. They
// are evidence only for an engine on this machine.
type Identity struct {
	// Lease is the absolute path of the lease file.
	Lease string
	// BootID is the kernel's boot id.
	BootID string
	// PID is the process id in the namespace that Start names.
	PID int
	// Start is when the process began and the namespaces that this and PID belong
	// to, as Self writes it: opaque to everyone else.
	Start string
}

// Host is what this process knows of the machine on which holders live: the boot
// and the namespaces. Neither changes while it runs, and each takes as long to read as all else of a verdict.
type Host struct {
	// Boot is the kernel's boot id; empty where it cannot be told.
	Boot string
	// namespaces are those that the pids of this process belong to.
	namespaces string
	// names says that they could be told.
	names bool
}

// Here is the host of this process.
func Here() Host {
	h := Host{Boot: bootID()}
	h.namespaces, h.names = namespaces()
	return h
}

// Judge says whether the process that an identity names lives. The order of
// evidence: another boot ends everything; then the lock, where it can be seen,
// unless who should have it is provably gone; without one the process itself, if
// it is of this pid namespace.
func (h Host) Judge(id Identity) Verdict {
	if h.Before(id.BootID) {
		return rebooted()
	}
	if id.Lease == "" {
		return h.Process(id)
	}
	switch s := look(id.Lease); s.State {
	case Alive:
		return h.locked(id, s)
	case Unknown:
		return h.Process(id)
	default:
		return s.Verdict
	}
}

// locked judges by a lock that somebody has: everybody may who can read the file,
// and a child that has inherited it. It counts for nothing once the holder is
// gone: the one that the lease notes, who may have followed the one that labels
// tell of, or else that one.
func (h Host) locked(id Identity, s sight) Verdict {
	holder, noted := h.holder(s.notes)
	if !noted {
		holder = h.Process(id)
	}
	if holder.State != Gone {
		return s.Verdict
	}
	return Verdict{Gone, holder.Reason + ", though somebody has locked its lease"}
}

// Before reports whether a boot id is that of another boot than this one.
func (h Host) Before(boot string) bool {
	return h.Boot != "" && boot != "" && h.Boot != boot
}

func rebooted() Verdict { return Verdict{Gone, "the machine was started again since"} }

// holder judges the holder that notes name, if they name one.
func (h Host) holder(notes []Note) (v Verdict, noted bool) {
	for _, n := range notes {
		if n.Holder == nil {
			continue
		}
		if v, noted = h.ofAnyBoot(*n.Holder), true; v.State == Gone {
			break
		}
	}
	return v, noted
}

// ofAnyBoot judges by the boot and the process, whatever is locked.
func (h Host) ofAnyBoot(id Identity) Verdict {
	if h.Before(id.BootID) {
		return rebooted()
	}
	return h.Process(id)
}

// Idle reports whether there is a lease at path that nobody holds, or whose holder
// is gone, as the lease notes, although it is locked: by itself, for the moment in
// which it dies, or for longer by a child that has inherited the file, or by
// anybody who may read it.
func (h Host) Idle(path string) bool {
	s := look(path)
	if s.State != Alive {
		return s.State == Gone
	}
	v, _ := h.holder(s.notes)
	return v.State == Gone
}

// sight is a lease as it was found.
type sight struct {
	// Verdict is by the lock alone.
	Verdict
	// notes are those of one that is locked.
	notes []Note
}

func unknown(reason string) sight { return sight{Verdict: Verdict{Unknown, reason}} }

// look judges by the lock alone. The path comes from a label, so nothing but a
// regular file is opened, and nothing is written.
func look(path string) sight {
	if !filepath.IsAbs(path) {
		return unknown(fmt.Sprintf("the lease %q has no absolute path", path))
	}
	for {
		s, again := lookOnce(path)
		if !again {
			return s
		}
	}
}

// lookOnce looks at one file for the lock and for the notes: what is true of two
// that follow each other at the same path is true of neither.
func lookOnce(path string) (s sight, again bool) {
	f, err := openFile(path, os.O_RDONLY, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return unknown("its lease is not there"), false
	case err != nil:
		return unknown("its lease cannot be read"), false
	}
	defer f.Close()

	free, err := tryLock(f, shared)
	if err != nil {
		return unknown("its lease cannot be tested: " + err.Error()), false
	}
	var notes []Note
	if !free {
		notes, _ = readNotes(f) // what cannot be read notes nobody
	}
	switch {
	case !leadsTo(path, f):
		return sight{}, true
	case !free:
		return sight{Verdict{Alive, "its lease is held"}, notes}, false
	}
	return sight{Verdict: Verdict{Gone, "nobody holds its lease"}}, false
}

// Process judges by pid and start time alone. A pid of another namespace says
// nothing, neither when it is found nor when it is not. What counts as gone here
// may have its lock for a moment still: the kernel closes the files of a process
// after it has left its cgroup and its parent has heard of it (measured on a
// loaded machine: some milliseconds).
func (h Host) Process(id Identity) Verdict {
	if id.PID <= 0 || id.Start == "" {
		return Verdict{Unknown, "nothing names its process"}
	}
	if !h.names || namespacesOf(id.Start) != h.namespaces {
		return Verdict{Unknown, "its process is in another pid namespace, or one of time"}
	}
	start, err := h.startOf(id.PID)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Verdict{Gone, fmt.Sprintf("process %d is gone", id.PID)}
	case err != nil:
		return Verdict{Unknown, fmt.Sprintf("process %d cannot be looked at", id.PID)}
	case start != id.Start:
		return Verdict{Gone, fmt.Sprintf("process %d is another one now", id.PID)}
	}
	return Verdict{Alive, fmt.Sprintf("process %d lives", id.PID)}
}

// Self is the identity of this process as the holder of a lease.
func (h Host) Self(leasePath string) (Identity, error) { return h.Of(os.Getpid(), leasePath) }

// Of is the identity of a process of this machine as the holder of a lease.
func (h Host) Of(pid int, leasePath string) (Identity, error) {
	start, err := h.startOf(pid)
	if err != nil {
		return Identity{}, fmt.Errorf("reading when process %d began: %w", pid, err)
	}
	return Identity{Lease: leasePath, BootID: h.Boot, PID: pid, Start: start}, nil
}

// SameProcess reports whether the process that an identity names is provably
// the one that has this pid now: only then may it be signalled.
func (h Host) SameProcess(id Identity) bool {
	return id.BootID != "" && h.Boot == id.BootID && h.Process(id).State == Alive
}

// startOf is when a process began, and the namespaces that this is true in:
// "117685@4026531836.4026531834".
func (h Host) startOf(pid int) (string, error) {
	ticks, err := began(pid)
	return ticks + "@" + h.namespaces, err
}

// namespacesOf is the part of a start after the "@".
func namespacesOf(start string) string {
	_, ns, _ := strings.Cut(start, "@")
	return ns
}
