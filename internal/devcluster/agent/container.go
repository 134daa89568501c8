package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// container is one run of an executor: its sandbox, its processes, its cgroups. What is in it does not change but for
// the part under mu.
type container struct {
	id      string
	dir     string
	runAs   string // user, "" for that of the agent
	command mesos.CommandInfo
	env     []string
	secret  func(name string) (string, error)
	secrets []string // of the environment, resolved when it runs
	fetcher fetcher
	groups  *cgroups // nil: posix launcher
	attach  bool

	kill   chan struct{} // closed: destroy it
	killed sync.Once
	gone   chan struct{} // closed when nothing is left of it
	exits  chan int      // attach: the status to end with

	mu       sync.Mutex
	process  int
	exceeded string // what the kernel's OOM killer left to say
}

func (a *Agent) newContainer(e *runningExecutor) *container {
	c := &container{
		id:      newUUID(),
		fetcher: fetcher{limits: a.opts.Fetch, cache: fetchCache{dir: filepath.Join(a.opts.WorkDir, "fetch"), bytes: a.opts.Fetch.Bytes}},
		attach:  a.opts.Attach,
		kill:    make(chan struct{}),
		gone:    make(chan struct{}),
		exits:   make(chan int, 1),
		runAs:   e.framework.info.User,
		secret:  a.opts.Secret,
	}
	if e.info.Command != nil {
		c.command = *e.info.Command
	}
	if c.command.User != nil {
		c.runAs = *c.command.User
	}
	c.dir = a.runDir(e, c.id)
	c.env = a.environment(e, c)
	if a.Launcher() == LinuxLauncher {
		c.groups = newCgroups(a.opts.CgroupFS, a.opts.CgroupsRoot, c.id)
		c.allow(resourcesOf(e))
	}
	a.attachFiles(e, c.dir)

	return c
}

// pid is the process the scheduler is told of: the leader of the executor's session, 0 before it was started.
func (c *container) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.process
}

// allow says what the executor and its tasks may use from now on.
func (c *container) allow(cpus, megabytes float64) {
	if c.groups != nil {
		c.groups.ask(cpus, megabytes)
	}
}

// limitation says which limit the container went over, if it did.
func (c *container) limitation() *termination {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exceeded == "" {
		return nil
	}

	return &termination{mesos.TASK_FAILED, mesos.REASON_CONTAINER_LIMITATION_MEMORY, c.exceeded}
}

// destroy begins the end of the container: run returns when nothing is left.
func (c *container) destroy() {
	c.killed.Do(func() { close(c.kill) })
}

// run makes the sandbox, fetches, starts the executor and waits until it is gone with all it left behind.
// It gives the raw wait status, -1 when the executor was never started.
func (c *container) run(ctx context.Context) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	forget := c.cancelOnKill(cancel)
	defer forget()

	if err := c.prepare(ctx); err != nil {
		return -1, err
	}
	if c.attach {
		select {
		case status := <-c.exits:
			return status, nil
		case <-c.kill:
			return int(syscall.SIGKILL), nil
		}
	}
	if c.groups != nil {
		defer c.groups.remove()
		if err := c.groups.create(); err != nil {
			return -1, err
		}
	}

	return c.runProcess()
}

// cancelOnKill lets destroy end what waits on a context. The returned function waits for its goroutine.
func (c *container) cancelOnKill(cancel context.CancelFunc) (forget func()) {
	over := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-c.kill:
			cancel()
		case <-over:
		}
	}()

	return func() {
		close(over)
		<-ended
	}
}

// prepare makes the sandbox and fetches into it.
func (c *container) prepare(ctx context.Context) error {
	owner, err := c.credential()
	if err != nil {
		return err
	}
	if err := makeSandbox(c.dir, owner); err != nil {
		return err
	}
	if c.attach {
		return nil
	}
	if err := c.resolve(); err != nil {
		return err
	}
	if err := c.fetcher.fetchAll(ctx, c.dir, c.command.URIs, owner); err != nil {
		return fmt.Errorf("Failed to fetch all URIs for container '%s': exited with status 1: %w", c.id, err) //nolint:staticcheck // the text of Mesos, and why
	}

	return nil
}

func (c *container) runProcess() (int, error) {
	files, err := c.openFiles()
	if err != nil {
		return -1, err
	}
	defer files.close()
	cmd, err := c.launcher(files)
	if err != nil {
		return -1, err
	}
	if err := cmd.Start(); err != nil {
		return -1, fmt.Errorf("starting the executor: %w", err)
	}
	c.mu.Lock()
	c.process = cmd.Process.Pid
	c.mu.Unlock()

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		awaitExit(cmd)
	}()
	err = c.release(cmd.Process.Pid, files.start)
	if err != nil {
		c.destroy()
	}
	c.watch(ended)
	c.sweep(cmd.Process.Pid) // before its pid can be another's
	<-ended
	_ = cmd.Wait() // the status is in ProcessState

	return rawStatus(cmd.ProcessState), err
}

// watch waits until the executor ended, is to be killed, or went over its memory.
func (c *container) watch(ended <-chan struct{}) {
	var oom <-chan struct{}
	if c.groups != nil {
		events, stop := c.groups.oomEvents()
		defer stop()
		oom = events
	}
	over := false
	select {
	case <-ended:
		over = c.groups != nil && c.groups.oomKilled()
	case <-c.kill:
	case <-oom: // the kernel tells before it kills, and may kill only a child
		over = true
	}
	if over {
		c.mu.Lock()
		c.exceeded = c.groups.exceeded()
		c.mu.Unlock()
	}
}

// release puts the launcher into its cgroups and lets it go on to the executor.
func (c *container) release(pid int, start *os.File) error {
	if c.groups != nil {
		if err := c.groups.add(pid); err != nil {
			return err
		}
	}
	if _, err := start.WriteString("go\n"); err != nil {
		return fmt.Errorf("starting the executor: %w", err)
	}

	return start.Close()
}

// sweep kills everything of the container.
func (c *container) sweep(pid int) {
	if c.groups != nil {
		c.groups.kill()

		return
	}
	killTree(pid)
}

func rawStatus(state *os.ProcessState) int {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok {
		return int(ws)
	}

	return state.ExitCode() << 8
}

// The launcher stands for mesos-containerizer: it waits on descriptor 3 until it is in its cgroups, starts the executor
// as its child, and ends as that ended. A shell cannot tell an exit with 128+n from signal n and takes it for the signal.
const launcherScript = `read -r _ <&3 || exit 125; exec 3<&-; "$@"; s=$?; [ $s -gt 128 ] && kill -$((s-128)) $$; exit $s`

// launchFiles are what the launcher is started with, and the end of the pipe that releases it.
type launchFiles struct {
	stdout, stderr, wait, start *os.File
}

func (f *launchFiles) close() {
	for _, file := range []*os.File{f.stdout, f.stderr, f.wait, f.start} {
		if file != nil {
			file.Close()
		}
	}
}

func (c *container) openFiles() (*launchFiles, error) {
	var f launchFiles
	var out, errs, pipe error
	f.stdout, out = appendTo(c.dir, "stdout")
	f.stderr, errs = appendTo(c.dir, "stderr")
	f.wait, f.start, pipe = os.Pipe()
	if err := errors.Join(out, errs, pipe); err != nil {
		f.close()

		return nil, fmt.Errorf("opening the files of the launcher: %w", err)
	}

	return &f, nil
}

// launcher gives the command of the container.
func (c *container) launcher(files *launchFiles) (*exec.Cmd, error) {
	argv, err := c.argv()
	if err != nil {
		return nil, err
	}
	owner, err := c.credential()
	if err != nil {
		return nil, err
	}

	cmd := exec.Command("/bin/sh", append([]string{"-c", launcherScript, "mesos-containerizer"}, argv...)...) //nolint:gosec,noctx // what the scheduler launches; ended by sweep
	cmd.Dir, cmd.Env = c.dir, slices.Concat(c.env, c.secrets)
	cmd.Stdout, cmd.Stderr = files.stdout, files.stderr
	cmd.ExtraFiles = []*os.File{files.wait}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: owner}

	return cmd, nil
}

// argv is what is started: sh -c VALUE, or a program with its arguments and without the PWD that the launcher's shell made.
func (c *container) argv() ([]string, error) {
	if c.command.Value == nil {
		return nil, errors.New("ExecutorInfo.command.value is not set")
	}
	if c.command.GetShell() {
		return []string{"sh", "-c", *c.command.Value}, nil
	}
	argv := []string{"env", "-u", "PWD", "--", *c.command.Value}
	if len(c.command.Arguments) > 1 {
		argv = append(argv, c.command.Arguments[1:]...)
	}

	return argv, nil
}

// resourcesOf sums what an executor and its tasks may use.
func resourcesOf(e *runningExecutor) (cpus, megabytes float64) {
	lists := [][]mesos.Resource{e.info.Resources}
	for _, t := range e.all() {
		if !terminal(t.state) {
			lists = append(lists, t.info.Resources)
		}
	}
	for _, list := range lists {
		for _, r := range list {
			switch {
			case r.Scalar == nil:
			case r.Name == "cpus":
				cpus += r.Scalar.Value
			case r.Name == "mem":
				megabytes += r.Scalar.Value
			}
		}
	}

	return cpus, megabytes
}
