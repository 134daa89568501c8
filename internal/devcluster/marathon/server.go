package marathon

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/devcluster/scheduler"
)

// Version is the version of Marathon that is stood in for.
const Version = "1.10.26"

// Options say how a server runs. Agent is required.
type Options struct {
	Addrs []string // to listen on, one for each Marathon of the cluster; nil means 127.0.0.1 and a free port

	Agent    *agent.Agent
	Offer    scheduler.Agent // what the agent has; its ID, Host and IP are filled in
	PortFree func(port int) bool

	MesosURL    string // of the master, for who wants to look there
	FrameworkID string // "" means a new one
	User        string // who executors run as; "" means root
	EnvPrefix   string // --env_vars_prefix
	Role        string // --mesos_role, which apps without a role get; "" means *

	Credentials string // user:password that requests must carry; "" means none
	Token       string // that requests may carry instead: Authorization: token=<Token>; "" means none

	Secrets       bool          // --enable_features secrets: the agent resolves them
	LaunchTimeout time.Duration // --task_launch_timeout; 0 means 300 s
	Faults        Faults
	Log           *slog.Logger // nil discards
}

// Server is a running server.
type Server struct {
	opts      Options
	log       *slog.Logger
	framework mesos.FrameworkInfo
	started   time.Time
	events    *hub
	probes    *probes

	ctx    context.Context //nolint:containedctx // the life of the server, ended by Close
	cancel context.CancelFunc
	wg     sync.WaitGroup
	wake   chan struct{}

	mu        sync.Mutex
	scheduler *scheduler.Scheduler

	nodes []*node
	state faultState
}

// Start starts a server: it listens when Start returns. It lives until Close, whatever becomes of ctx.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Agent == nil {
		return nil, fmt.Errorf("starting Marathon: Options.Agent is not set")
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if len(opts.Addrs) == 0 {
		opts.Addrs = []string{"127.0.0.1:0"}
	}
	if opts.FrameworkID == "" {
		opts.FrameworkID = newUUID() + "-0000"
	}
	if opts.User == "" {
		opts.User = "root"
	}
	if opts.PortFree == nil {
		opts.PortFree = func(int) bool { return true }
	}
	if opts.LaunchTimeout == 0 {
		opts.LaunchTimeout = 300 * time.Second
	}

	s := &Server{
		opts: opts, log: opts.Log, started: time.Now(), events: newHub(), wake: make(chan struct{}, 1),
		framework: mesos.FrameworkInfo{
			ID: &mesos.FrameworkID{Value: opts.FrameworkID}, Name: "marathon", User: opts.User, Checkpoint: new(true),
		},
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.probes = newProbes(s.ctx, s.probed) //nolint:contextcheck // the life of the server
	s.scheduler = scheduler.New(time.Now(), s.schedulerOptions())
	err := s.setFaults(opts.Faults)
	if err == nil {
		err = s.listen(ctx)
	}
	if err != nil {
		s.cancel()

		return nil, err
	}
	s.scheduler.Starve(time.Now(), opts.Faults.Starve)
	updates := opts.Agent.Watch(s.ctx) //nolint:contextcheck // the life of the server
	s.wg.Go(func() { s.takeUpdates(updates) })
	s.wg.Go(s.keepTime)

	return s, nil
}

func (s *Server) schedulerOptions() scheduler.Options {
	offer := s.opts.Offer
	offer.ID, offer.Host = s.opts.Agent.ID(), s.opts.Agent.Hostname()
	offer.IP, _, _ = net.SplitHostPort(s.opts.Agent.Endpoint())

	return scheduler.Options{
		NewID: newUUID, PortFree: s.opts.PortFree, Agent: offer, LaunchTimeout: s.opts.LaunchTimeout, Secrets: s.opts.Secrets, Role: s.opts.Role,
	}
}

// URL is where the API is, of the first Marathon of the cluster.
func (s *Server) URL() string { return s.nodes[0].url() }

// URLs are where the API is, of all Marathons of the cluster.
func (s *Server) URLs() []string {
	var urls []string
	for _, n := range s.nodes {
		urls = append(urls, n.url())
	}

	return urls
}

// FrameworkID is the id under which the agent knows this Marathon.
func (s *Server) FrameworkID() string { return s.opts.FrameworkID }

// Drain removes all apps and waits until no task is left, or until ctx ends.
func (s *Server) Drain(ctx context.Context) error {
	err := s.do(func(now time.Time) error {
		s.scheduler.Starve(now, scheduler.InsufficientCpus) // nothing new begins
		_, err := s.scheduler.Deploy(now, func(root scheduler.Root) (scheduler.Root, error) {
			return root.WithoutGroup("/"), nil
		}, scheduler.DeployOptions{Force: true})

		return err
	})
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for err == nil && s.tasks() > 0 {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the end of %d tasks: %w", s.tasks(), context.Cause(ctx))
		}
	}

	return err
}

func (s *Server) tasks() int {
	s.mu.Lock()
	defer s.mu.Unlock()

	return len(s.scheduler.Instances(""))
}

// Close ends the server. What runs on the agent runs on.
func (s *Server) Close() {
	s.cancel()
	s.events.close()
	for _, n := range s.nodes {
		n.close()
	}
	s.probes.close()
	s.wg.Wait()
}

// do has the scheduler decide, and does what it decided before anybody else may ask.
func (s *Server) do(decide func(now time.Time) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := decide(time.Now())
	for effects := s.scheduler.Effects(); len(effects) > 0; effects = s.scheduler.Effects() {
		for _, e := range effects {
			s.perform(e)
		}
	}
	s.probes.set(s.scheduler.Probes())
	select {
	case s.wake <- struct{}{}:
	default:
	}

	return err
}

// perform does one effect. The caller holds mu.
func (s *Server) perform(e scheduler.Effect) {
	switch e := e.(type) {
	case scheduler.Launch:
		s.launch(e)
	case scheduler.Kill:
		s.kill(e)
	case scheduler.Tell:
		s.publish(e)
	}
}

// takeUpdates hands what the agent says to the scheduler.
func (s *Server) takeUpdates(updates <-chan agent.Event) {
	for e := range updates {
		if e.FrameworkID != s.opts.FrameworkID {
			continue
		}
		_ = s.do(func(now time.Time) error {
			switch {
			case e.Status != nil:
				s.scheduler.Status(now, statusOf(e.Status))
			case e.Message != nil:
				s.publish(scheduler.Tell{Type: "framework_message_event", At: scheduler.Time{Time: now}, Fields: map[string]any{
					"executorId": e.Message.ExecutorID, "slaveId": s.opts.Agent.ID(), "message": numbers(e.Message.Data),
				}})
			}

			return nil
		})
	}
}

// numbers are bytes as Marathon writes them into JSON.
func numbers(data []byte) []int {
	list := []int{}
	for _, b := range data {
		list = append(list, int(int8(b))) //nolint:gosec // a byte of Java has a sign
	}

	return list
}

// keepTime wakes the scheduler when it has something to do.
func (s *Server) keepTime() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
			_ = s.do(func(now time.Time) error { s.scheduler.Tick(now); return nil })
		}
		s.mu.Lock()
		at := s.scheduler.Wake()
		s.mu.Unlock()
		if at.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(time.Until(at), time.Millisecond))
		}
	}
}

// node is one Marathon of the cluster: an address. All share one state, as they would through ZooKeeper.
type node struct {
	listener net.Listener
	http     *http.Server
	done     chan struct{}
}

func (n *node) url() string  { return "http://" + n.listener.Addr().String() }
func (n *node) host() string { return n.listener.Addr().String() }

func (n *node) port() int {
	if addr, ok := n.listener.Addr().(*net.TCPAddr); ok {
		return addr.Port
	}

	return 0
}

func (n *node) close() {
	_ = n.http.Close() // what it cannot close is closed already
	<-n.done
}

func (s *Server) listen(ctx context.Context) error {
	var config net.ListenConfig
	for _, addr := range s.opts.Addrs {
		l, err := config.Listen(ctx, "tcp", addr)
		if err != nil {
			for _, n := range s.nodes {
				n.close()
			}

			return fmt.Errorf("listening on %s: %w", addr, err)
		}
		n := &node{listener: l, done: make(chan struct{})}
		n.http = &http.Server{
			Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(n, w, r) }),
			ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		}
		s.nodes = append(s.nodes, n)
		go func() {
			defer close(n.done)
			_ = n.http.Serve(l) // ends by Close only
		}()
	}

	return nil
}
