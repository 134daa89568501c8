//go:build unix

package lease

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestHoldALease is no test of its own: holder runs this binary with a
// directory as its argument, and it holds the lease in it until it is killed.
func TestHoldALease(t *testing.T) {
	if flag.NArg() == 0 {
		t.Skip("a helper process of the other tests")
	}
	if _, err := Take(flag.Arg(0), "pod"); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(os.Stdout, "held")
	_, _ = os.Stdin.Read(make([]byte, 1))
}

// holder starts a process that holds the lease "pod" in dir.
func holder(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestHoldALease$", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the holder says %q", line)
	}
	return cmd
}

func mustTake(t *testing.T, dir string) *Lease {
	t.Helper()
	l, err := Take(dir, "pod")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func release(t *testing.T, l *Lease) {
	t.Helper()
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

func TestALeaseIsHeldByOneAtATime(t *testing.T) {
	dir := t.TempDir()
	l := mustTake(t, dir)
	if _, err := Take(dir, "pod"); !errors.Is(err, ErrHeld) {
		t.Fatalf("a second holder got %v, want ErrHeld", err)
	}
	if v := Here().Judge(Identity{Lease: l.Path()}); v.State != Alive {
		t.Errorf("a held lease is %+v", v)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(l.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a released lease is still there: %v", err)
	}
	release(t, mustTake(t, dir))
}

func TestAKilledHolderIsGoneAtOnceAlsoAsAZombie(t *testing.T) {
	dir := t.TempDir()
	cmd := holder(t, dir)
	path, _ := Path(dir, "pod")
	id, err := Here().Of(cmd.Process.Pid, path)
	if err != nil {
		t.Fatal(err)
	}
	if v := Here().Judge(id); v.State != Alive {
		t.Fatalf("a living holder is %+v", v)
	}
	if !Here().SameProcess(id) {
		t.Fatal("a living holder is not its own process")
	}

	if err := cmd.Process.Kill(); err != nil { // and nobody waits for it
		t.Fatal(err)
	}
	if err := Wait(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if v := Here().Judge(id); v.State != Gone {
		t.Errorf("a killed holder is %+v", v)
	}
	if err := Clear(path); err != nil {
		t.Fatal(err)
	}
	if v := Here().Judge(id); v.State != Gone {
		t.Errorf("a zombie without a lease file is %+v", v)
	}
	if Here().SameProcess(id) {
		t.Error("a zombie may be signalled")
	}
}

func TestALivingLeaseIsNotCleared(t *testing.T) {
	dir := t.TempDir()
	l := mustTake(t, dir)
	defer release(t, l)
	if err := Clear(l.Path()); !errors.Is(err, ErrHeld) {
		t.Fatal(err)
	}
	if _, err := os.Stat(l.Path()); err != nil {
		t.Errorf("clearing removed a living lease: %v", err)
	}
}

func TestALeaseWhoseFileWasReplacedIsNotMistakenForAnother(t *testing.T) {
	dir := t.TempDir()
	l := mustTake(t, dir)
	if err := os.Remove(l.Path()); err != nil { // somebody cleans up by hand
		t.Fatal(err)
	}
	other := mustTake(t, dir)
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if v := Here().Judge(Identity{Lease: other.Path()}); v.State != Alive {
		t.Errorf("releasing the old lease took the new one away: %+v", v)
	}
	release(t, other)
}

func TestManyTestersDoNotKeepAHolderAway(t *testing.T) {
	dir := t.TempDir()
	path, _ := Path(dir, "pod")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var testers sync.WaitGroup
	for range 2 {
		testers.Go(func() {
			for ctx.Err() == nil {
				look(path)
			}
		})
	}
	for range 50 {
		l, err := Take(dir, "pod")
		if err != nil {
			t.Fatal(err)
		}
		release(t, l)
	}
	stop()
	testers.Wait()
}

func TestTheEvidenceIsJudgedInOrder(t *testing.T) {
	dir := t.TempDir()
	path, _ := Path(dir, "absent")
	free := filepath.Join(dir, "free.lease")
	if err := os.WriteFile(free, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo.lease")
	if err := syscall.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.lease")
	if err := os.Symlink(free, link); err != nil {
		t.Fatal(err)
	}
	self, err := Here().Self(path)
	if err != nil {
		t.Fatal(err)
	}
	const absent = 1 << 22 // above the kernel's highest pid
	with := func(change func(*Identity)) Identity { id := self; change(&id); return id }

	cases := map[string]struct {
		id   Identity
		want State
	}{
		"a process that lives, without a lease file":     {self, Alive},
		"another boot, whatever else":                    {with(func(i *Identity) { i.BootID = "another" }), Gone},
		"a free lease, though the process lives":         {with(func(i *Identity) { i.Lease = free }), Gone},
		"no lease file and no such process":              {with(func(i *Identity) { i.PID = absent }), Gone},
		"no lease file and the pid given to another":     {with(func(i *Identity) { i.Start = "1@" + namespacesOf(self.Start) }), Gone},
		"no lease file and a pid of another namespace":   {with(func(i *Identity) { i.PID, i.Start = absent, "1@42" }), Unknown},
		"no lease file and no process named":             {Identity{Lease: path, BootID: Here().Boot}, Unknown},
		"a lease that is a FIFO, and nothing else":       {Identity{Lease: fifo}, Unknown},
		"a lease that is a link, and nothing else":       {Identity{Lease: link}, Unknown},
		"a lease with a relative path, and nothing else": {Identity{Lease: "../free.lease"}, Unknown},
		"nothing at all": {Identity{}, Unknown},
		"a lease that is a FIFO, though the process lives":  {with(func(i *Identity) { i.Lease = fifo }), Alive},
		"an identity whose pid is nonsense, without lease":  {with(func(i *Identity) { i.PID = -1 }), Unknown},
		"a lease in a directory that is not there, no such": {with(func(i *Identity) { i.Lease, i.PID = "/nonexistent/x.lease", absent }), Gone},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Here().Judge(c.id); got.State != c.want || got.Reason == "" {
				t.Errorf("got %+v, want %s", got, c.want)
			}
		})
	}
}

// Who may read a lease can hold a shared lock on it: that ends every try to take
// it, and keeps its file.
func TestALeaseThatIsLookedAtForEverIsHeld(t *testing.T) {
	dir := t.TempDir()
	l := mustTake(t, dir)
	if err := l.Leave(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if ok, err := tryLock(f, shared); !ok {
		t.Fatal(err)
	}
	if err := Clear(l.Path()); !errors.Is(err, ErrHeld) {
		t.Error(err)
	}
	if got := look(l.Path()); got.State != Gone {
		t.Errorf("to who looks it is %+v", got)
	}
	if again, err := Take(dir, strings.TrimSuffix(filepath.Base(l.Path()), suffix)); !errors.Is(err, ErrHeld) {
		t.Errorf("took %v, %v", again, err)
	}
}

func TestALeaseIsNamedByOnePathElement(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", "../a"} {
		if _, err := Take(t.TempDir(), name); err == nil {
			t.Errorf("%q named a lease", name)
		}
	}
}

func TestWaitingForALeaseEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	l := mustTake(t, dir)
	defer release(t, l)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := Wait(ctx, l.Path()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestAProgramNameCannotForgeAStartTime(t *testing.T) {
	self, err := Here().startOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := Here().startOf(os.Getpid()); again != self {
		t.Errorf("the start changed from %s to %s", self, again)
	}
	if _, err := strconv.Atoi(self[:1]); err != nil {
		t.Errorf("start %q", self)
	}
}
