//go:build unix

package devcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"dce/internal/lease"
)

// RunOptions say how Run looks after a cluster.
type RunOptions struct {
	Home    Home
	Cluster Options
	// Stops ends the cluster: the first ends its tasks, the second kills them.
	Stops <-chan struct{}
	// StopTimeout bounds the end of the tasks; 0 means 2 minutes.
	StopTimeout time.Duration
	// Ready hears of the start, or of why there was none; nil is fine.
	Ready func(Record)
}

// Run keeps the cluster of a home until it is told to stop. Nothing is left then but the log.
func Run(ctx context.Context, o RunOptions) (err error) {
	held, err := lease.Take(o.Home.Dir, leaseName)
	if errors.Is(err, lease.ErrHeld) {
		return notStarted("one runs already", "see `dce devcluster status`, or end it with `dce devcluster stop`", err)
	}
	if err != nil {
		return notStarted(err.Error(), "", err)
	}
	defer func() { err = errors.Join(err, held.Release()) }()
	if err := o.Home.reclaim(); err != nil {
		return notStarted(err.Error(), "", err)
	}
	defer func() { err = errors.Join(err, o.Home.clear()) }()

	o.Cluster.Dir = o.Home.Dir
	c, err := Start(ctx, o.Cluster)
	if errors.Is(err, syscall.EADDRINUSE) {
		return notStarted(err.Error(), "give it another address with --addr, such as 127.0.0.1:0 for a free port", err)
	}
	if err != nil {
		return notStarted(err.Error(), "", err)
	}
	record := o.Home.record(c)
	if err := o.Home.write(record); err != nil {
		return errors.Join(err, c.Close(ctx))
	}
	if o.Ready != nil {
		o.Ready(record)
	}
	o.wait(ctx)

	return o.end(ctx, c)
}

// wait waits for a reason to end. One is that the home is gone: then nobody can find the cluster any more.
func (o RunOptions) wait(ctx context.Context) {
	const every = 10 * time.Second
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-o.Stops:
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
			if _, err := os.Stat(filepath.Join(o.Home.Dir, recordFile)); errors.Is(err, fs.ErrNotExist) {
				return
			}
		}
	}
}

func (h Home) record(c *Cluster) Record {
	id := h.identity(os.Getpid())

	return Record{
		URL: c.URL(), URLs: c.URLs(), Mesos: c.MesosURL(), Work: h.work(), Log: h.Log(), Cgroups: c.cgroups(),
		PID: os.Getpid(), Start: id.Start, BootID: id.BootID, Started: time.Now().UTC().Truncate(time.Second),
	}
}

// end stops the tasks within their grace, then everything.
func (o RunOptions) end(ctx context.Context, c *Cluster) error {
	if o.StopTimeout == 0 {
		o.StopTimeout = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.StopTimeout)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- c.Drain(ctx) }()
	var err error
	select {
	case err = <-drained:
	case <-o.Stops:
		cancel()
		err = <-drained
	}
	// The agent gives executors that are left their own grace, and kills what does not use it.
	closing, done := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer done()

	return errors.Join(err, c.Close(closing))
}

// Told is what a cluster in the background tells the process that started it, once.
type Told struct {
	Record *Record `json:"record,omitempty"`
	Failed string  `json:"failed,omitempty"`
	Hint   string  `json:"hint,omitempty"`
}

// Tell writes it.
func (t Told) Tell(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(t); err != nil {
		return fmt.Errorf("telling of the start: %w", err)
	}

	return nil
}
