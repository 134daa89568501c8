package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"dce/internal/lease"
	"dce/internal/pod"
)

// background is the keeper that goes on when this process has ended: a monitor
// of its own session, which the end of the terminal does not reach.
type background struct {
	machine *Machine
	stops   *stops
	process *exec.Cmd
	out     *writer[request]
	pipe    *os.File // the end of it that the answers come from
	answers chan answer
	left    chan struct{} // closed when nobody listens any more
	read    sync.WaitGroup
	id      lease.Identity
	lives   bool // the pod runs: the monitor goes on
}

// errMonitor says that the monitor ended before its time.
var errMonitor = errors.New("the monitor ended unexpectedly")

// startMonitor starts this program again as the pod's monitor, and waits until
// it has the lease.
func (m *Machine) startMonitor(ctx context.Context, id string, self []string, s *stops) (keeper, error) {
	if err := os.MkdirAll(m.Dirs.pod(id), 0o700); err != nil {
		return nil, fmt.Errorf("making the pod's state directory: %w", err)
	}
	b, err := m.spawn(id, self, s)
	if err != nil {
		return nil, err
	}
	b.out.say(request{Keep: &hello{ID: id, Dirs: m.Dirs}})
	if err := b.greet(ctx); err != nil {
		return nil, errors.Join(err, b.release())
	}
	path, err := lease.Path(m.Dirs.Leases, elementOf(id))
	if err != nil {
		return nil, errors.Join(err, b.release())
	}
	if b.id, err = lease.Of(b.process.Process.Pid, path); err != nil {
		b.id = lease.Identity{Lease: path} // the lock alone is evidence enough
	}
	return b, nil
}

func (m *Machine) spawn(id string, self []string, s *stops) (*background, error) {
	log, err := os.OpenFile(filepath.Join(m.Dirs.pod(id), logFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the monitor's log: %w", err)
	}
	defer log.Close()
	answers, theirs, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	defer theirs.Close()
	cmd := exec.Command(self[0], self[1:]...) //nolint:noctx // it outlives this process
	cmd.Stderr, cmd.ExtraFiles, cmd.SysProcAttr = log, []*os.File{theirs}, ownSession()
	cmd.Dir = "/"
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		answers.Close()
		return nil, fmt.Errorf("starting the monitor: %w", err)
	}
	b := &background{
		machine: m, stops: s, process: cmd, out: newWriter[request](in), pipe: answers,
		answers: make(chan answer), left: make(chan struct{}),
	}
	b.read.Go(b.listen)
	return b, nil
}

func (b *background) listen() {
	defer close(b.answers)
	err := readEach(b.pipe, func(a answer) {
		select {
		case b.answers <- a:
		case <-b.left:
		}
	})
	if err != nil {
		b.machine.Log.Debug("reading the monitor's answers", "err", err)
	}
}

// greet waits for the lease to be taken.
func (b *background) greet(ctx context.Context) error {
	select {
	case a, ok := <-b.answers:
		switch {
		case !ok:
			return errMonitor
		case a.Held:
			return lease.ErrHeld
		case len(a.Failed) > 0:
			return diagnostics(a.Failed).Err()
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *background) identity() lease.Identity { return b.id }

// run has the monitor bring the pod up, and shows how that goes.
func (b *background) run(_ context.Context, o order) (outcome, error) {
	view := b.machine.Screen.Progress()
	defer view.Close()
	b.out.say(request{Run: &o})
	b.stops.living(func(k pod.Kill) { b.out.say(request{Kill: &k}) })
	defer b.stops.living(nil)
	for a := range b.answers {
		switch {
		case a.Progress != nil:
			view.On(*a.Progress)
		case a.State == pod.Running:
			b.lives = true
			return outcome{State: pod.Running}, nil
		case a.Ended != nil:
			return *a.Ended, nil
		case len(a.Failed) > 0:
			return outcome{}, diagnostics(a.Failed).Err()
		}
	}
	return outcome{}, monitorDied(filepath.Join(o.Dir, logFile))
}

// release lets the monitor go its own way when its pod runs, and else waits
// until it has given the lease back, which it does when nobody wants a pod.
func (b *background) release() error {
	b.out.close()
	close(b.left)
	var err error
	if b.lives {
		err = b.process.Process.Release()
	} else {
		_ = b.process.Wait() // how it ends says nothing new
	}
	b.pipe.Close()
	b.read.Wait()
	return err
}
