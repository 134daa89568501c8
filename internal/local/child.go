package local

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
)

// Monitors starts this program again as the monitor of a pod: a process of its
// own session, which the end of the terminal does not reach.
type Monitors struct {
	self  []string
	log   *slog.Logger
	ahead *child
}

// NewMonitors takes the command line that starts this program as a monitor.
func NewMonitors(self []string, log *slog.Logger) *Monitors {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Monitors{self: self, log: log}
}

// Ahead starts a monitor before it is known which pod it is to keep. A process
// of this size takes 20 ms to begin, and as long again to reach the engine:
// time in which the pod can be loaded. What goes wrong is said when the monitor
// is wanted.
func (m *Monitors) Ahead() {
	if c, err := m.start(); err == nil {
		m.ahead = c
	}
}

// Close dismisses a monitor that nobody wanted.
func (m *Monitors) Close() error {
	if m.ahead == nil {
		return nil
	}
	return m.ahead.dismiss()
}

// take is a monitor that keeps no pod yet.
func (m *Monitors) take() (*child, error) {
	c := m.ahead
	m.ahead = nil
	if c != nil {
		return c, nil
	}
	return m.start()
}

// child is a monitor as the process that started it sees it.
type child struct {
	process *exec.Cmd
	out     *writer[request]
	pipe    *os.File // the end of it that the answers come from
	answers chan answer
	left    chan struct{} // closed when nobody listens any more
	read    sync.WaitGroup
	log     *slog.Logger
}

func (m *Monitors) start() (*child, error) {
	answers, theirs, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	defer theirs.Close()
	cmd := exec.Command(m.self[0], m.self[1:]...) //nolint:noctx // it outlives this process
	answerThrough(cmd, theirs)
	cmd.SysProcAttr, cmd.Dir = ownSession(), "/"
	in, err := cmd.StdinPipe()
	if err != nil {
		answers.Close()
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		answers.Close()
		return nil, fmt.Errorf("starting the monitor: %w", err)
	}
	c := &child{
		process: cmd, out: newWriter[request](in), pipe: answers, log: m.log,
		answers: make(chan answer), left: make(chan struct{}),
	}
	c.read.Go(c.listen)
	return c, nil
}

func (c *child) listen() {
	defer close(c.answers)
	err := readEach(c.pipe, func(a answer) {
		select {
		case c.answers <- a:
		case <-c.left:
		}
	})
	if err != nil {
		c.log.Debug("reading the monitor's answers", "err", err)
	}
}

// dismiss ends what is between the two processes, upon which a monitor without
// a pod that runs ends too, and waits for that.
func (c *child) dismiss() error {
	return c.leave(func() error {
		_ = c.process.Wait() // how it ends says nothing new
		return nil
	})
}

// leave ends what is between the two processes; part settles what becomes of
// the other.
func (c *child) leave(part func() error) error {
	c.out.close()
	close(c.left)
	err := part()
	c.pipe.Close()
	c.read.Wait()
	return err
}
