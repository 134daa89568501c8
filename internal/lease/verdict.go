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

// Judge says whether the process that an identity names lives. The order of
// evidence: another boot ends everything; then the lock, where it can be seen,
// unless who should have it is provably gone; without one the process itself, if
// it is of this pid namespace.
func Judge(id Identity) Verdict {
	if former(id) {
		return rebooted()
	}
	if id.Lease == "" {
		return Process(id)
	}
	switch v := look(id.Lease); v.State {
	case Alive:
		return locked(id, v)
	case Unknown:
		return Process(id)
	default:
		return v
	}
}

// locked judges by a lock that somebody has: everybody may who can read the file,
// and a child that has inherited it. It counts for nothing once the holder is
// gone: the one that the lease notes, who may have followed the one that labels
// tell of, or else that one.
func locked(id Identity, v Verdict) Verdict {
	holder, noted := holderOf(id.Lease)
	if !noted {
		holder = Process(id)
	}
	if holder.State != Gone {
		return v
	}
	return Verdict{Gone, holder.Reason + ", though somebody has locked its lease"}
}

// former reports whether an identity is of another boot than this one.
func former(id Identity) bool {
	boot := BootID()
	return boot != "" && id.BootID != "" && boot != id.BootID
}

func rebooted() Verdict { return Verdict{Gone, "the machine was started again since"} }

// ofAnyBoot judges by the boot and the process, whatever is locked.
func ofAnyBoot(id Identity) Verdict {
	if former(id) {
		return rebooted()
	}
	return Process(id)
}

// look judges by the lock alone. The path comes from a label, so nothing but a
// regular file is opened, and nothing is written.
func look(path string) Verdict {
	if !filepath.IsAbs(path) {
		return Verdict{Unknown, fmt.Sprintf("the lease %q has no absolute path", path)}
	}
	for {
		v, again := lookOnce(path)
		if !again {
			return v
		}
	}
}

func lookOnce(path string) (v Verdict, again bool) {
	f, err := openFile(path, os.O_RDONLY, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Verdict{Unknown, "its lease is not there"}, false
	case err != nil:
		return Verdict{Unknown, "its lease cannot be read"}, false
	}
	defer f.Close()

	locked, err := tryLock(f, shared)
	switch {
	case err != nil:
		return Verdict{Unknown, "its lease cannot be tested: " + err.Error()}, false
	case !leadsTo(path, f):
		return Verdict{}, true
	case !locked:
		return Verdict{Alive, "its lease is held"}, false
	}
	return Verdict{Gone, "nobody holds its lease"}, false
}

// Process judges by pid and start time alone. A pid of another namespace says
// nothing, neither when it is found nor when it is not. What counts as gone here
// may have its lock for a moment still: the kernel closes the files of a process
// after it has left its cgroup and its parent has heard of it (measured on a
// loaded machine: some milliseconds).
func Process(id Identity) Verdict {
	if id.PID <= 0 || id.Start == "" {
		return Verdict{Unknown, "nothing names its process"}
	}
	if here, ok := namespaces(); !ok || namespacesOf(id.Start) != here {
		return Verdict{Unknown, "its process is in another pid namespace, or one of time"}
	}
	start, err := startOf(id.PID)
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
func Self(leasePath string) (Identity, error) { return Of(os.Getpid(), leasePath) }

// Of is the identity of a process of this machine as the holder of a lease.
func Of(pid int, leasePath string) (Identity, error) {
	start, err := startOf(pid)
	if err != nil {
		return Identity{}, fmt.Errorf("reading when process %d began: %w", pid, err)
	}
	return Identity{Lease: leasePath, BootID: BootID(), PID: pid, Start: start}, nil
}

// SameProcess reports whether the process that an identity names is provably
// the one that has this pid now: only then may it be signalled.
func SameProcess(id Identity) bool {
	if boot := BootID(); id.BootID == "" || boot != id.BootID {
		return false
	}
	return Process(id).State == Alive
}

// namespacesOf is the part of a start after the "@".
func namespacesOf(start string) string {
	_, ns, _ := strings.Cut(start, "@")
	return ns
}
