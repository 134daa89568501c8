package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// phase is how far an agent has come up: what it answers to executors.
type phase int

const (
	phaseDown       phase = iota // connection refused
	phaseRoutes                  // 404: nothing is served yet
	phaseRecovering              // 503
	phaseRunning
)

// Agent is a running agent. Its methods may be called by several goroutines at once.
type Agent struct {
	opts Options
	log  *slog.Logger
	ip   string
	port int

	launcher string

	cancel context.CancelFunc
	ctx    context.Context //nolint:containedctx // the life of the agent, ended by Stop; what it starts outlives the call that started it
	wg     sync.WaitGroup  // containers, watchers, servers

	mu         sync.Mutex
	phase      phase
	stopping   bool
	faults     Faults
	started    time.Time
	frameworks map[string]*framework
	updates    map[taskKey]*updateStream
	watchers   map[*watcher]struct{}
	sandboxes  map[string]string // path under /files -> directory
	servers    []*server
}

// framework is one framework that has or had executors on this agent.
type framework struct {
	info        mesos.FrameworkInfo
	terminating bool
	executors   map[string]*runningExecutor
	completed   []*runningExecutor // the last ones, for /state
}

// Start starts an agent: it listens when Start returns. It lives until Stop, whatever becomes of ctx.
func Start(ctx context.Context, opts Options) (*Agent, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if opts.WorkDir, err = filepath.Abs(opts.WorkDir); err != nil {
		return nil, fmt.Errorf("finding the work directory: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(opts.WorkDir, "slaves", opts.AgentID), 0o755); err != nil {
		return nil, fmt.Errorf("making the work directory: %w", err)
	}

	a := &Agent{
		opts: opts, log: opts.Log, faults: opts.Faults, started: time.Now(), launcher: chooseLauncher(opts),
		frameworks: map[string]*framework{},
		updates:    map[taskKey]*updateStream{},
		watchers:   map[*watcher]struct{}{},
		sandboxes:  map[string]string{},
	}
	if a.launcher == LinuxLauncher {
		if err := RemoveOrphans(opts); err != nil {
			return nil, err
		}
	}
	a.ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := a.listen(ctx, phaseRunning); err != nil {
		a.cancel()

		return nil, err
	}

	return a, nil
}

// ID is the agent's id.
func (a *Agent) ID() string { return a.opts.AgentID }

// Hostname is the name the agent is known by.
func (a *Agent) Hostname() string { return a.opts.Hostname }

// Endpoint is host:port of the agent, as in MESOS_AGENT_ENDPOINT.
func (a *Agent) Endpoint() string { return net.JoinHostPort(a.ip, fmt.Sprint(a.port)) }

// PID is the agent's libprocess address, slave(1)@host:port, as in MESOS_SLAVE_PID.
func (a *Agent) PID() string { return slaveID + "@" + a.Endpoint() }

// Info is the agent as executors are told in SUBSCRIBED.
func (a *Agent) Info() mesos.AgentInfo {
	port := int32(a.port) //nolint:gosec // a TCP port

	return mesos.AgentInfo{
		Hostname:  a.opts.Hostname,
		Port:      &port,
		Resources: a.opts.Resources,
		ID:        &mesos.AgentID{Value: a.opts.AgentID},
	}
}

// Stop ends the agent and everything it started: executors are asked to shut down, and killed with all they left
// behind when their grace period, or ctx, ends. Sandboxes stay.
func (a *Agent) Stop(ctx context.Context) error {
	a.shutdownAll()
	idle := make(chan struct{})
	go func() {
		a.waitContainers()
		close(idle)
	}()
	select {
	case <-idle:
	case <-ctx.Done():
		a.killAll()
		<-idle
	}

	a.closeServers()
	a.cancel()
	a.wg.Wait()

	return nil
}

// executors lists all executors. The caller holds mu.
func (a *Agent) executors() []*runningExecutor {
	var all []*runningExecutor
	for _, f := range a.frameworks {
		for _, e := range f.executors {
			all = append(all, e)
		}
	}

	return all
}

func (a *Agent) shutdownAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopping = true
	for _, e := range a.executors() {
		a.shutdown(e)
		if e.stream == nil {
			e.box.destroy() // it would not hear of it
		}
	}
}

func (a *Agent) killAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.executors() {
		e.box.destroy()
	}
}

func (a *Agent) waitContainers() {
	a.mu.Lock()
	executors := a.executors()
	a.mu.Unlock()
	for _, e := range executors {
		<-e.box.gone
	}
}

// after runs f with mu held once d has passed, unless the agent was stopped before. The returned function forgets it.
func (a *Agent) after(d time.Duration, f func()) (forget func()) {
	timer := time.AfterFunc(d, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.ctx.Err() == nil {
			f()
		}
	})

	return func() { timer.Stop() }
}
