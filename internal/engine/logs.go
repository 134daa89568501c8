package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/docker/compose/v5/pkg/api"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
)

// maxLogLine bounds a line; what is longer is cut into several. The engine's
// json-file driver itself cuts at 16 KiB.
const maxLogLine = 64 << 10

// Logs reads what a pod's containers wrote, each container's lines in order.
// With Follow it goes on until ctx ends or every container has, and takes up
// containers that start meanwhile. The function is called by one goroutine at
// a time.
func (e *Engine) Logs(ctx context.Context, podID string, o LogOptions, line func(LogLine)) error {
	f := &follower{engine: e, podID: podID, options: o, seen: map[string]bool{}, ended: make(chan struct{})}
	var mu sync.Mutex
	f.line = func(l LogLine) {
		mu.Lock()
		defer mu.Unlock()
		line(l)
	}
	group, ctx := errgroup.WithContext(ctx)
	f.group = group
	read := f.listAndRead
	if o.Follow {
		read = f.follow
	}
	group.Go(func() error { return read(ctx) })
	return classify(group.Wait(), about{host: e.Host()})
}

// follower reads the logs of one pod.
type follower struct {
	engine  *Engine
	podID   string
	options LogOptions
	line    func(LogLine)
	group   *errgroup.Group
	seen    map[string]bool // only listAndRead writes it
	reading int             // how many containers are being followed
	ended   chan struct{}   // one of them has ended
}

func (f *follower) listAndRead(ctx context.Context) error {
	own, err := f.engine.list(ctx, client.ContainerListOptions{All: true, Filters: ofPod(f.podID)})
	if err != nil {
		return err
	}
	for _, c := range own {
		// The log of a container that was not started yet ends at once, and would
		// not be read again.
		if f.seen[c.ID] || !f.wanted(c) || c.State == container.StateCreated {
			continue
		}
		f.seen[c.ID] = true
		f.reading++
		f.group.Go(func() error { return f.read(ctx, c) })
	}
	return nil
}

func (f *follower) read(ctx context.Context, c container.Summary) error {
	err := f.engine.read(ctx, c, f.options, f.line)
	if !f.options.Follow {
		return err
	}
	select {
	case f.ended <- struct{}{}:
	case <-ctx.Done():
	}
	return err
}

func (f *follower) wanted(c container.Summary) bool {
	return len(f.options.Services) == 0 || slices.Contains(f.options.Services, c.Labels[api.ServiceLabel])
}

// read reads one container's log. A container that is removed while it is read
// ends it.
func (e *Engine) read(ctx context.Context, c container.Summary, o LogOptions, line func(LogLine)) error {
	call, cancel := e.bounded(ctx)
	res, err := e.api.ContainerInspect(call, c.ID, client.ContainerInspectOptions{})
	cancel()
	if err != nil {
		return ignoreGone(err)
	}
	tty := res.Container.Config != nil && res.Container.Config.Tty
	var last time.Time
	read := func(o LogOptions) error {
		return e.readTo(ctx, c, tty, o, func(l LogLine) {
			if l.Time.After(last) { // the rest of a long line has none
				last = l.Time
			}
			line(l)
		})
	}
	if err := read(o); err != nil || !o.Follow || ctx.Err() != nil {
		return err
	}
	// Engine 20.10 leaves a last line without an end out of what it follows, most
	// often, and has it for whoever asks once more.
	o.Follow = false
	return read(o.After(last))
}

// readTo reads one stream of a container's log to its end.
func (e *Engine) readTo(ctx context.Context, c container.Summary, tty bool, o LogOptions, line func(LogLine)) error {
	stream, err := e.api.ContainerLogs(ctx, c.ID, client.ContainerLogsOptions{
		ShowStdout: true, ShowStderr: true, Timestamps: true,
		Follow: o.Follow, Since: o.Since, Tail: o.Tail,
	})
	if err != nil {
		return ignoreGone(err)
	}
	defer stream.Close()
	base := LogLine{Service: c.Labels[api.ServiceLabel], Container: nameOf(c)}
	out, errs := &liner{base: base, line: line}, &liner{base: base, line: line}
	errs.base.Stderr = true
	if tty {
		_, err = io.Copy(out, stream)
	} else {
		_, err = stdcopy.StdCopy(out, errs, stream)
	}
	out.flush()
	errs.flush()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// After selects what follows a line of that time; a zero one changes nothing.
func (o LogOptions) After(last time.Time) LogOptions {
	if !last.IsZero() {
		next := last.Add(time.Nanosecond)
		o.Since, o.Tail = fmt.Sprintf("%d.%09d", next.Unix(), next.Nanosecond()), "all"
	}
	return o
}

// liner cuts a stream into lines and reads the time that the engine puts
// before each.
type liner struct {
	base LogLine
	line func(LogLine)
	rest []byte
}

// Write implements io.Writer.
func (l *liner) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 && len(l.rest) < maxLogLine {
			return len(p), nil
		}
		if i < 0 {
			l.say(l.rest)
			l.rest = nil
			return len(p), nil
		}
		l.say(l.rest[:i])
		l.rest = l.rest[i+1:]
	}
}

func (l *liner) flush() {
	if len(l.rest) > 0 {
		l.say(l.rest)
		l.rest = nil
	}
}

func (l *liner) say(b []byte) {
	line := l.base
	stamp, text, ok := bytes.Cut(b, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if ok && err == nil {
		line.Time, b = at, text
	}
	line.Text = string(bytes.TrimSuffix(b, []byte("\r")))
	l.line(line)
}
