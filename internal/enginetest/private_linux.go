package enginetest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"
)

// Private is a Docker engine of one test, in a network namespace of its own: it
// can be killed, hung and filled up without harm to the machine's. Never run a
// second dockerd in the host's namespace: it takes the first one's docker0 away.
type Private struct {
	Host string // its address, for engine.Options
	Dir  string // holds its data, on a file system of DiskMB
	API  *client.Client

	// Panics is how often it could not start by a defect of its own: see forget.
	Panics int

	tb     testing.TB
	name   string
	args   []string
	socket *os.File // a listening socket to hand over, nil for one of its own
	cmd    *exec.Cmd
}

// StartPrivate starts an engine with further arguments on a data root of the
// size given, in MiB. It takes root, and skips the test without.
func StartPrivate(tb testing.TB, diskMB int, args ...string) *Private {
	tb.Helper()
	p := newPrivate(tb, diskMB)
	p.args = append([]string{"-H", p.Host}, args...)
	p.Start()
	return p
}

// StartActivated is StartPrivate with a socket that stays open over the engine's
// ends and is handed to each of its processes, as systemd does for -H fd://.
func StartActivated(tb testing.TB, diskMB int, args ...string) *Private {
	tb.Helper()
	p := newPrivate(tb, diskMB)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: strings.TrimPrefix(p.Host, "unix://"), Net: "unix"})
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	l.SetUnlinkOnClose(false)
	if p.socket, err = l.File(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.socket.Close() })
	p.args = append([]string{"-H", "fd://"}, args...)
	p.Start()
	return p
}

// newPrivate makes all that an engine of its own needs to be started.
func newPrivate(tb testing.TB, diskMB int) *Private {
	tb.Helper()
	Require(tb)
	if os.Geteuid() != 0 {
		tb.Skip("an engine of its own takes root")
	}
	p := &Private{tb: tb, name: PodID(tb, "dockerd")}
	dir, err := os.MkdirTemp("", "dced") //nolint:usetesting // that one is too long: a socket's path may have 107 characters
	if err != nil {
		tb.Fatal(err)
	}
	p.Dir, p.Host = dir, "unix://"+dir+"/d.sock"
	tb.Cleanup(p.cleanUp)
	if err := unix.Mount("tmpfs", p.mkdir("root"), "tmpfs", 0, fmt.Sprintf("size=%dm", diskMB)); err != nil {
		tb.Fatalf("mounting the data root: %v", err)
	}
	// What a killed dockerd leaves (its containerd) must be reaped before the next
	// one starts, and only its reaper can.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		tb.Fatalf("becoming the reaper of orphans: %v", err)
	}
	p.run("ip", "netns", "add", p.name)
	p.run("nsenter", "--net=/run/netns/"+p.name, "ip", "link", "set", "lo", "up")
	if p.API, err = client.New(client.WithHost(p.Host)); err != nil {
		tb.Fatal(err)
	}
	return p
}

func (p *Private) mkdir(name string) string {
	dir := filepath.Join(p.Dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.tb.Fatal(err)
	}
	return dir
}

func (p *Private) run(argv ...string) {
	p.tb.Helper()
	if out, err := exec.CommandContext(p.tb.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
		p.tb.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
}

// Start starts the engine, again after Kill, and waits until it answers.
func (p *Private) Start() {
	p.tb.Helper()
	from := p.launch()
	Eventually(p.tb, 60*time.Second, "the private engine to answer", func() (bool, string) {
		if p.panicked(from) {
			p.forget()
			from = p.launch()
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := p.API.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
		return err == nil, fmt.Sprint(err)
	})
}

// launch starts the process, and tells where its part of the log begins.
func (p *Private) launch() (from int64) {
	p.tb.Helper()
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.tb.Fatal(err)
	}
	defer log.Close()
	if info, err := log.Stat(); err == nil {
		from = info.Size()
	}
	argv := append([]string{
		"nsenter", "--net=/run/netns/" + p.name, "dockerd", "--data-root", p.Dir + "/root", "--exec-root", p.Dir + "/exec",
		"--pidfile", p.Dir + "/pid", "--cgroup-parent", "/" + p.name,
	}, p.args...)
	if p.socket != nil { // sd_listen_fds(3): the first descriptor handed over is 3
		argv = append([]string{"sh", "-c", `LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"`, "sh"}, argv...)
	}
	p.cmd = exec.Command(argv[0], argv[1:]...) //nolint:noctx // it outlives the test's context: cleanUp ends it
	if p.socket != nil {
		p.cmd.ExtraFiles = []*os.File{p.socket}
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		p.tb.Fatalf("starting dockerd: %v", err)
	}
	return from
}

func (p *Private) log() string { return filepath.Join(p.Dir, "log") }

// panicked reports whether the engine has ended at its start over a network that
// it had been killed while making: it is in the store without its addresses, and
// 20.10.24 takes the first of them (github.com/moby/moby issue 45057).
func (p *Private) panicked(from int64) bool {
	if !zombie(p.cmd.Process.Pid) {
		return false
	}
	text, _ := os.ReadFile(p.log())
	return strings.Contains(string(text[min(from, int64(len(text))):]), "libnetwork.(*controller).reservePools(")
}

// forget takes the store of networks away, without which such an engine starts:
// what its operator would do.
func (p *Private) forget() {
	p.tb.Helper()
	p.Panics++
	containerd := p.pidOf("exec/containerd/containerd.pid")
	_ = p.cmd.Wait() // says that it panicked
	p.reap(containerd)
	if err := os.RemoveAll(filepath.Join(p.Dir, "root", "network", "files")); err != nil {
		p.tb.Error(err)
	}
}

// zombie reports whether a child of this process has ended.
func zombie(pid int) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(rest, "Z")
}

// Signal sends a signal to the engine: SIGSTOP hangs it, SIGCONT goes on.
func (p *Private) Signal(s syscall.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil { // nsenter has become dockerd: it execs
		p.tb.Fatalf("signalling dockerd: %v", err)
	}
}

// Kill ends the engine by SIGKILL and reaps what it leaves.
func (p *Private) Kill() {
	p.tb.Helper()
	containerd := p.pidOf("exec/containerd/containerd.pid")
	p.Signal(syscall.SIGKILL)
	_ = p.cmd.Wait() // says that it was killed
	p.reap(containerd)
}

// Stop ends the engine by SIGTERM, as a service manager does: one that hangs is
// killed after a while.
func (p *Private) Stop() {
	p.tb.Helper()
	containerd := p.pidOf("exec/containerd/containerd.pid")
	p.Signal(syscall.SIGTERM)
	if hung := p.wait(); hung {
		p.reap(containerd)
	}
}

// wait waits for the end of the process, whose status says nothing, and reports
// whether it had to be killed after a minute.
func (p *Private) wait() bool {
	kill := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	return !kill.Stop()
}

// Crash ends the engine as a machine does that loses its power: with it go all
// containers and what looks after them.
func (p *Private) Crash() {
	p.tb.Helper()
	p.Kill()
	for _, pid := range p.shims() {
		for _, child := range childrenOf(pid) {
			_ = unix.Kill(child, unix.SIGKILL) // gone already
		}
		p.reap(pid)
	}
}

// shims are the processes that containerd has put before each container: its own
// address, in the engine's directory, is among their arguments.
func (p *Private) shims() []int {
	var pids []int
	for _, file := range procFiles("cmdline") {
		text, _ := os.ReadFile(file) // of one that has ended it is empty
		if strings.Contains(string(text), p.Dir+"/exec/") && strings.Contains(string(text), "containerd-shim") {
			pids = append(pids, pidIn(file))
		}
	}
	return pids
}

func childrenOf(parent int) []int {
	var pids []int
	for _, file := range procFiles("stat") {
		text, _ := os.ReadFile(file)
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pidIn(file))
		}
	}
	return pids
}

func procFiles(name string) []string {
	files, _ := filepath.Glob("/proc/[0-9]*/" + name) // the pattern is fine
	return files
}

func pidIn(file string) int {
	pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
	return pid
}

func (p *Private) pidOf(file string) int {
	b, _ := os.ReadFile(filepath.Join(p.Dir, file))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

// reap waits for a process that dockerd's death kills (its parent's death
// signal).
func (p *Private) reap(pid int) {
	if pid <= 0 {
		return
	}
	_ = unix.Kill(pid, unix.SIGKILL)
	Eventually(p.tb, 10*time.Second, "containerd to end", func() (bool, string) {
		got, err := unix.Wait4(pid, nil, unix.WNOHANG, nil)
		return got == pid || err != nil, fmt.Sprint(got, err)
	})
}

func (p *Private) cleanUp() {
	if p.API != nil {
		p.API.Close()
	}
	if p.cmd != nil && p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		p.wait()
	}
	if p.tb.Failed() {
		b, _ := os.ReadFile(p.log())
		p.tb.Logf("the end of dockerd's log:\n%s", b[max(0, len(b)-4000):])
	}
	for _, mount := range []string{"exec/netns/default", "root"} {
		_ = unix.Unmount(filepath.Join(p.Dir, mount), unix.MNT_DETACH)
	}
	_ = exec.Command("ip", "netns", "del", p.name).Run() //nolint:noctx // the test's context has ended
	_ = os.RemoveAll(p.Dir)
	for _, c := range cgroups(p.name) {
		removeTree(strings.TrimPrefix(c, "cgroup "))
	}
}

// removeTree removes a cgroup and what is below it.
func removeTree(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			removeTree(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir)
}

// Listen takes a port of 127.0.0.1 as the engine and its containers see it.
func (p *Private) Listen() net.Listener {
	p.tb.Helper()
	type result struct {
		net.Listener
		error
	}
	made := make(chan result)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		ns, err := os.Open("/run/netns/" + p.name)
		if err != nil {
			made <- result{error: err}
			return
		}
		defer ns.Close()
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			made <- result{error: err}
			return
		}
		var c net.ListenConfig
		l, err := c.Listen(context.Background(), "tcp4", "127.0.0.1:0")
		made <- result{l, err}
	}()
	r := <-made
	if r.error != nil {
		p.tb.Fatalf("listening in the engine's network: %v", r.error)
	}
	p.tb.Cleanup(func() { r.Close() })
	return r.Listener
}
