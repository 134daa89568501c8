package local

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/pod"
	"dce/internal/progress"
)

// monitorThreads is enough for a process that waits. On a machine with 64
// cores the default costs 17 threads and 2 MB more (reference/compose.md
// section 3).
const monitorThreads = 2

// MonitorOptions are what the background process of `up -d` works with.
type MonitorOptions struct {
	In io.Reader // requests, from whoever started it
	// Connect reaches the engine. Out takes what the engine's libraries write.
	Connect func(ctx context.Context, log *slog.Logger, out io.Writer) (*engine.Engine, error)
	Stops   <-chan Stop
}

// Monitor looks after one pod in the background, until it has ended. Whoever
// started it hears how that goes as long as it listens.
func Monitor(ctx context.Context, o MonitorOptions) error {
	runtime.GOMAXPROCS(monitorThreads)
	out := answersOf()
	if out == nil {
		return errors.New("a monitor is started by dce up, not by hand")
	}
	book := &logbook{}
	defer book.close()
	m := &monitor{
		stops: o.Stops, log: slog.New(slog.NewTextHandler(book, nil)), book: book,
		out: newWriter[answer](out), requests: make(chan request), gone: make(chan struct{}),
	}
	defer m.out.close()
	go func() { // ends with the pipe: when the other side goes, or with this process
		defer close(m.gone)
		if err := readEach(o.In, func(r request) { m.requests <- r }); err != nil {
			m.log.Warn("reading requests", slog.Any("err", err))
		}
	}()
	forget := m.connectAhead(ctx, o)
	defer forget()
	if err := m.serve(ctx); err != nil {
		m.out.say(answer{Failed: problemsOf(err)})
		m.log.Error("the monitor ends", slog.Any("err", err))
		return err
	}
	return nil
}

// connectAhead reaches the engine while the pod is still being loaded
// elsewhere. The returned function ends that.
func (m *monitor) connectAhead(ctx context.Context, o MonitorOptions) (forget func()) {
	ctx, cancel := context.WithCancel(ctx)
	m.connect = sync.OnceValues(func() (*engine.Engine, error) { return o.Connect(ctx, m.log, m.book) })
	var connecting sync.WaitGroup
	connecting.Go(func() { _, _ = m.connect() }) // who wants it gets its error
	return func() {
		cancel()
		connecting.Wait()
	}
}

type monitor struct {
	stops    <-chan Stop
	log      *slog.Logger
	book     *logbook
	out      *writer[answer]
	requests chan request
	gone     chan struct{} // closed when nobody will request any more
	connect  func() (*engine.Engine, error)
	machine  *Machine
	dirs     Dirs
	id       string
}

// serve takes the lease and runs what it is told to, one pod after the other
// fails to start, until one has had its life.
func (m *monitor) serve(ctx context.Context) error {
	var first request
	select {
	case first = <-m.requests:
	case <-m.gone:
	}
	if first.Keep == nil {
		return errors.New("the monitor was not told which pod to keep")
	}
	m.id, m.dirs = first.Keep.ID, first.Keep.Dirs
	l, err := lease.Keep(m.dirs.Leases, elementOf(m.id))
	if errors.Is(err, lease.ErrHeld) {
		m.out.say(answer{Held: true})
		return nil
	}
	if err != nil {
		return leaseTrouble(m.dirs.Leases, err)
	}
	defer func() {
		if err := l.Release(); err != nil {
			m.log.Warn("releasing the lease", slog.Any("err", err))
		}
	}()
	if err := m.book.open(m.dirs.pod(m.id)); err != nil {
		return err
	}
	m.out.say(answer{Ready: true})
	return m.runs(ctx)
}

func (m *monitor) runs(ctx context.Context) error {
	for {
		select {
		case r := <-m.requests:
			if r.Run == nil {
				return nil // a kill before any life
			}
			o, err := m.run(ctx, *r.Run)
			if err != nil {
				return err
			}
			m.out.say(answer{Ended: &o})
		case <-m.stops:
			return nil
		case <-m.gone:
			return nil
		}
	}
}

func (m *monitor) run(ctx context.Context, o order) (outcome, error) {
	if m.machine == nil {
		e, err := m.connect()
		if err != nil {
			return outcome{}, err
		}
		m.machine = &Machine{Engine: e, Dirs: m.dirs, Log: m.log}
	}
	sink := progress.Func(func(e progress.Event) { m.out.say(answer{Progress: &e}) })
	report := func(p pod.Pod) { m.out.say(answer{State: p.State, Reason: p.Reason.String()}) }
	l, err := attend(ctx, m.machine, o, audience{progress: sink, report: report})
	if err != nil {
		return outcome{}, err
	}
	over := make(chan struct{})
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		m.listen(l, over)
	}()
	result := l.run(ctx)
	close(over)
	<-listening
	m.settle(o, result)
	return result, nil
}

// listen passes on requests to end while the pod lives: those of the parent,
// and those of `dce down`, which come as a signal with a file that says more.
func (m *monitor) listen(l *attended, over <-chan struct{}) {
	signals := 0
	for {
		select {
		case <-over:
			return
		case s := <-m.stops:
			signals++
			k := pod.Kill{By: s.By, Now: signals > 1}
			if asked, ok := readStop(filepath.Join(l.order.Dir, stopFile)); ok {
				k = pod.Kill{By: asked.By, Grace: asked.Grace, Now: asked.Now}
			}
			l.kill(k)
		case r := <-m.requests:
			if r.Kill != nil {
				l.kill(*r.Kill)
			}
		}
	}
}

// settle leaves in the state directory what explains how the pod ended.
func (m *monitor) settle(o order, result outcome) {
	if err := m.machine.settle(o.ID, result); err != nil {
		m.log.Warn("settling the state directory", slog.Any("err", err))
	}
}

// settle leaves of a pod's state directory what its end calls for: nothing for
// one that was stopped or whose front has told all, the report for one that
// ended by itself, everything as long as its containers are kept.
func (m *Machine) settle(id string, o outcome) error {
	switch {
	case o.Kept:
		return nil
	case o.State == pod.Killed:
		return m.Dirs.forget(id)
	}
	return m.Dirs.strip(id)
}

// asked is stop.json: what `dce down` asks of a monitor, beside the signal.
type asked struct {
	By    string        `json:"by"`
	Grace time.Duration `json:"grace,omitempty"`
	Now   bool          `json:"now,omitempty"`
}

func readStop(path string) (asked, bool) {
	var a asked
	if err := readJSON(path, &a); err != nil {
		return asked{}, false
	}
	return a, true
}
