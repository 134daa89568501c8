// Package executor is the Mesos front: it takes tasks from an agent, has each
// rendered and run as every other pod is, and reports what becomes of it. The
// wire is internal/mesos', the pod's life internal/pod's and the supervisor's;
// here is only what joins them. Each task is a pod of its own; nothing is
// global.
//
// One goroutine owns the tasks (loop.go). Staging a task, running its pod and
// checking its health run aside and post what they find.
package executor

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"dce/internal/cgroup"
	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/mesos"
	"dce/internal/project"
)

const (
	// threads is enough for a process that waits. On a machine with 64 cores the
	// default costs 17 threads and 2 MB more (reference/compose.md section 3).
	threads = 2
	// flushTime is how long an agent that is there may take to acknowledge the last
	// updates, where it has set no other deadline.
	flushTime = 30 * time.Second
)

// errTime is the cause of updates that are left, since the executor is told to end.
var errTime = errors.New("the executor has no more time")

// Options are what an executor works with. Connect and Log are needed.
type Options struct {
	Environment mesos.Environment
	Version     string
	// SystemConfig is the operator's dce.yaml; empty is /etc/dce/dce.yaml.
	SystemConfig string
	// Config is the job's dce.yaml, below the sandbox; empty is the one beside its
	// compose files.
	Config string
	// Metrics is where the executor shows what it is at, unless the operator has
	// said where: textfile:PATH or an address; empty is nowhere.
	Metrics string
	// EventLog takes the timeline of the first task; empty is the sandbox's.
	EventLog string
	// Lookupenv finds a variable of this process, for secrets that the cluster
	// gives in them; nil finds none.
	Lookupenv func(name string) (string, bool)
	// SecretsDir holds files that pods may have as secrets, SecretsDir of this
	// package when empty.
	SecretsDir string
	// Connect reaches the engine of the operator's choice.
	Connect func(ctx context.Context, o engine.Options) (*engine.Engine, error)
	// Stdout and Stderr are the sandbox's: they take what the services write.
	Stdout, Stderr io.Writer
	// Stops are requests of the machine to end: the first graceful, the second at
	// once. Each says by what.
	Stops <-chan string
	// Now is the clock by which failed pods are kept; nil is the machine's.
	Now func() time.Time
	Log *slog.Logger
}

// Run is the life of an executor: it serves its agent until the last task has
// ended, and returns an error only when the agent was lost.
func Run(ctx context.Context, o Options) error {
	runtime.GOMAXPROCS(threads)
	session, err := mesos.NewSession(o.Environment, mesos.Options{Log: o.Log, UserAgent: "dce/" + o.Version})
	if err != nil {
		return err
	}
	x := newExecutor(o, session)
	connected, leave := context.WithCancel(ctx)
	defer leave()
	x.reached = sync.OnceFunc(func() { x.work.Go(func() { x.sweep(connected) }) })
	shown := x.metered(connected)
	x.ahead(connected)
	ended := make(chan error, 1)
	go func() { ended <- session.Run(connected, func(e mesos.Event) { x.post(e) }) }()

	x.loop(ctx)
	x.settle(ctx)
	leave()
	err = <-ended
	shown()
	x.work.Wait()
	return err
}

// executor is the state of one Run. Only the loop's goroutine touches it, but
// for what says otherwise.
type executor struct {
	o       Options
	session *mesos.Session // any goroutine
	mail    chan any       // any goroutine, by post
	done    chan struct{}  // closed when the loop has ended
	work    sync.WaitGroup

	container string        // the id of the container that Mesos gave
	tasks     map[int]*task // by number: an id is used again while its first pod is removed
	launched  int
	ending    bool // told to end: nothing is launched any more
	signalled bool // told so by the machine
	urgent    bool // told so twice: no grace is left
	lost      bool // no update can be delivered
	left      <-chan time.Time

	meter    *meter // nil without
	operator project.Operator
	settled  error // what is wrong with the operator's file
	lease    *lease.Lease
	identity lease.Identity
	notes    []lease.Note // for whoever cleans up after this process
	keeps    bool         // something is left on the machine, and the lease with it
	members  cgroup.Membership
	// connect reaches the engine once; any goroutine.
	connect func(ctx context.Context) (*engine.Engine, error)
	// info is what the engine says of itself, asked once; any goroutine.
	info func(ctx context.Context) (engine.Info, error)
	// reached is called when the engine has been reached, by any part of work.
	reached func()
}

func newExecutor(o Options, s *mesos.Session) *executor {
	if o.Now == nil {
		o.Now = time.Now
	}
	x := &executor{
		o: o, session: s, mail: make(chan any), done: make(chan struct{}), tasks: map[int]*task{},
		container: filepath.Base(o.Environment.Directory),
	}
	if m, err := cgroup.Self(); err == nil {
		x.members = m
	}
	x.operator, x.settled = project.ReadOperator(o.SystemConfig)
	x.connect = once(func(ctx context.Context) (*engine.Engine, error) {
		return o.Connect(ctx, engine.Options{
			Host: x.operator.Engine, ConfigDir: dockerConfig(o.Environment.Sandbox, x.operator.DockerConfig), Memory: x.operator.Leases,
		})
	})
	x.info = once(func(ctx context.Context) (engine.Info, error) {
		docker, err := x.connect(ctx)
		if err != nil {
			return engine.Info{}, err
		}
		ctx, cancel := context.WithTimeout(ctx, infoTime)
		defer cancel()
		return docker.Info(ctx)
	})
	return x
}

// ahead does what every task needs while the agent is still being talked to: it
// reaches the engine and compiles compose's schema, 30 ms from the time until a
// task runs. What goes wrong is met again by the task, which says it.
func (x *executor) ahead(ctx context.Context) {
	x.work.Go(func() { _, _ = x.info(ctx) })
	x.work.Go(project.Ready)
}

// once remembers the first success; a failure is tried anew.
func once[T any](do func(context.Context) (T, error)) func(context.Context) (T, error) {
	turn := make(chan struct{}, 1)
	var value T
	var have bool
	return func(ctx context.Context) (T, error) {
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return value, context.Cause(ctx)
		}
		defer func() { <-turn }()
		if have {
			return value, nil
		}
		v, err := do(ctx)
		if err == nil {
			value, have = v, true
		}
		return v, err
	}
}

// take takes the executor's lease, whose name goes into the labels of its pods.
// Without one the process itself is the evidence.
func (x *executor) take() {
	l, err := lease.TakeAlone(x.operator.Leases, x.container)
	if err != nil {
		x.o.Log.Warn("taking the lease", slog.Any("err", err))
	}
	path := ""
	if l != nil {
		x.lease, path = l, l.Path()
	}
	if x.identity, err = lease.Here().Self(path); err != nil {
		x.o.Log.Warn("finding out who this process is", slog.Any("err", err))
		x.identity = lease.Identity{Lease: path}
	}
	x.noteOwn()
}

// settle ends an executor without tasks: the last updates are delivered and
// what it leaves on the machine is removed.
func (x *executor) settle(ctx context.Context) {
	if !x.lost {
		if err := x.flush(ctx); err != nil {
			x.o.Log.Warn("delivering the last updates", slog.Any("err", err))
		}
	}
	x.removeCgroups(ctx)
	x.giveBack()
}

// flush delivers the last updates. An agent that is away is waited for until the
// session takes it for lost: a task whose executor is gone by then has failed for
// Mesos, and a job that has finished would run again. Who is told to end has no
// such time.
func (x *executor) flush(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	flushed := make(chan error, 1)
	go func() { flushed <- x.session.Flush(ctx, flushTime) }()
	var over <-chan time.Time
	if x.ending {
		over = time.After(margin(x.o.Environment.ShutdownGrace))
	}
	for {
		select {
		case err := <-flushed:
			return err
		case by := <-x.o.Stops:
			x.o.Log.Info("told to end", slog.String("by", by))
			if over == nil {
				over = time.After(margin(x.o.Environment.ShutdownGrace))
			}
		case <-over:
			cancel(errTime)
		}
	}
}

// removeCgroups removes the cgroups that the engine has made for the pods
// beside those that the agent manages: nobody else would.
func (x *executor) removeCgroups(ctx context.Context) {
	parent, err := x.members.TaskParent()
	if err != nil || !isContainers(parent, x.members, x.container) {
		return // dce's own went with the pod
	}
	tree, err := cgroup.Detect()
	if err == nil {
		err = tree.RemoveBeside(ctx, parent, x.members)
	}
	if err == nil {
		return
	}
	// An engine that was killed while it started a container may have forgotten its
	// process, which the agent kills after this one (seen in chaos): the lease
	// stays, and a sweep removes what it notes.
	x.keeps = true
	if !errors.Is(err, context.Canceled) {
		x.o.Log.Warn("removing what the engine made beside the agent's cgroups", slog.Any("err", err))
	}
}
