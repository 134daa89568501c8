package marathon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"dce/internal/cluster"
	"dce/internal/diag"
	"dce/internal/podlog"
	"dce/internal/wait"
)

// logsDir is where an executor writes a file for each service and stream.
const logsDir = "dce-logs"

// LogOptions say which logs are read.
type LogOptions struct {
	// Services are those wanted; nil is all.
	Services []string
	// Tail is how many of the last lines of each file are read; negative is all.
	Tail int
	// Since leaves out the lines before; zero is from the beginning. Those of an
	// executor itself have no time.
	Since time.Time
	// Follow goes on as lines come, also of instances that come later.
	Follow bool
	// Failed reads those of the instances that have ended, in place of those that
	// run.
	Failed bool
	// Every is how often is looked for more; zero is one second.
	Every time.Duration
}

// LogLine is a line of a service of an instance.
type LogLine struct {
	Time     time.Time // zero where nobody knows
	Instance string
	Service  string
	Stderr   bool
	Text     string
}

// Logs reads the logs of the app's instances from their sandboxes. An instance
// whose logs cannot be read is told of, and does not keep the others back. That
// ctx has ended is an error, as it is for the logs of an engine.
func (s *Scheduler) Logs(ctx context.Context, boxes *Sandboxes, o LogOptions, do func(LogLine), warn func(instance string, err error)) error {
	if o.Every == 0 {
		o.Every = time.Second
	}
	r := &logReader{scheduler: s, boxes: boxes, options: o, out: make(chan LogLine), warn: warn, known: map[string]bool{}}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1) // the reader ends, whoever listens
	go func() {
		err := r.run(reading)
		close(r.out)
		done <- err
	}()
	for l := range r.out {
		do(l)
	}
	if err := <-done; err != nil {
		return err
	}
	return context.Cause(ctx) // following ends by nothing else
}

type logReader struct {
	scheduler *Scheduler
	boxes     *Sandboxes
	options   LogOptions
	out       chan LogLine
	warn      func(string, error)
	known     map[string]bool
}

// place is where the logs of an instance are.
type place struct{ instance, agent string }

// run reads the logs of all instances that there are, and where wanted of those
// that come.
func (r *logReader) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for {
		places, err := r.places(ctx)
		if err != nil && len(r.known) == 0 {
			return errors.Join(err, group.Wait())
		}
		for _, p := range places {
			if r.known[p.instance] {
				continue
			}
			r.known[p.instance] = true
			group.Go(func() error { r.instance(ctx, p); return nil })
		}
		if !r.options.Follow || !wait.For(ctx, 2*r.options.Every) {
			return group.Wait()
		}
	}
}

// places are the instances whose logs are wanted. The last one that failed is
// among them where nothing runs: its logs are then what is looked for.
func (r *logReader) places(ctx context.Context) ([]place, error) {
	status, err := r.scheduler.Client.App(ctx, r.scheduler.ID)
	if err != nil {
		return nil, r.scheduler.problem(err)
	}
	if r.options.Failed {
		return r.ended(ctx, status)
	}
	var places []place
	running := false
	for _, t := range status.Tasks {
		places = append(places, place{t.ID, t.SlaveID})
		running = running || t.State == "TASK_RUNNING"
	}
	if f := status.LastTaskFailure; f != nil && !running {
		places = append([]place{{f.TaskID, f.SlaveID}}, places...)
	}
	return places, nil
}

// ended are the instances of the app that have ended and whose sandboxes agents
// still have, by the ids of their executors.
func (r *logReader) ended(ctx context.Context, status *Status) ([]place, error) {
	agents, err := r.boxes.Agents(ctx)
	if err != nil {
		return nil, unreadable(err)
	}
	prefix := executorOf(strings.ReplaceAll(strings.Trim(status.ID, "/"), "/", "_") + ".")
	var places []place
	for _, agent := range agents {
		executors, err := r.boxes.Executors(ctx, agent)
		if err != nil {
			r.warn("agent "+agent, err)
		}
		for _, e := range executors {
			if e.Ended && strings.HasPrefix(e.ID, prefix) {
				places = append(places, place{strings.TrimPrefix(e.ID, executorOf("")), agent})
			}
		}
	}
	return places, nil
}

func unreadable(err error) error {
	return diag.Fail(diag.Diagnostic{
		Code: "DCE764", Summary: "cannot read the sandboxes of the instances", Detail: err.Error(),
		Hint: "logs come from the Mesos agents: this machine must reach the Mesos master and the agents", Cause: err,
	})
}

// instance reads the logs of one, until its sandbox has no more or ctx ends.
func (r *logReader) instance(ctx context.Context, p place) {
	box, err := r.find(ctx, p)
	if err != nil {
		r.tell(ctx, p, err)
		return
	}
	files := map[string]*logFile{}
	for {
		more, err := r.look(ctx, box, p, files)
		if err != nil {
			r.tell(ctx, p, err)
			return
		}
		if more {
			continue
		}
		if !r.options.Follow || !wait.For(ctx, r.options.Every) {
			break
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		r.rest(ctx, p, files[name])
	}
}

func (r *logReader) tell(ctx context.Context, p place, err error) {
	if ctx.Err() == nil {
		r.warn(cluster.Name(p.instance), err)
	}
}

// findFor is how long the sandbox of an instance may take to appear that has
// just been launched.
const findFor = 10

func (r *logReader) find(ctx context.Context, p place) (*Sandbox, error) {
	for n := 0; ; n++ {
		box, err := r.boxes.Find(ctx, p.agent, p.instance)
		if err == nil || !r.options.Follow || n == findFor || !wait.For(ctx, r.options.Every) {
			return box, err
		}
	}
}

// look reads what is new in the files of a sandbox. Without files of services,
// the executor's own output says why.
func (r *logReader) look(ctx context.Context, box *Sandbox, p place, files map[string]*logFile) (bool, error) {
	listed, err := box.List(ctx, logsDir)
	if err != nil || len(listed) == 0 {
		if r.options.Follow {
			return false, nil // the pod has not begun yet
		}
		if listed, err = box.List(ctx, "."); err != nil {
			return false, err
		}
		maps.DeleteFunc(listed, func(name string, _ int64) bool { return name != "stdout" && name != "stderr" })
		return r.read(ctx, box, p, ".", listed, files)
	}
	return r.read(ctx, box, p, logsDir, listed, files)
}

func (r *logReader) read(ctx context.Context, box *Sandbox, p place, dir string, listed map[string]int64, files map[string]*logFile) (bool, error) {
	more := false
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		service, stream, ok := splitName(name)
		if !ok || (len(r.options.Services) > 0 && !slices.Contains(r.options.Services, service)) {
			continue
		}
		f := files[name]
		if f == nil {
			f = &logFile{box: box, path: dir + "/" + name, service: service, stderr: stream == "stderr", stamped: dir == logsDir}
			files[name] = f
			if err := r.begin(ctx, p, f, name, listed); err != nil {
				return false, err
			}
		}
		if err := r.followOver(ctx, p, f, listed[turnedOver(name, 1)], listed[name]); err != nil {
			return false, err
		}
		got, err := r.drain(ctx, p, f, listed[name])
		if err != nil {
			return false, err
		}
		more = more || got
	}
	return more, nil
}

// turnedOver is the name of a file that was turned over that often since.
func turnedOver(name string, times int) string { return fmt.Sprintf("%s.%d", name, times) }

// begin finds where the wanted lines of a stream begin, which may be in files that
// were turned over, and passes on those of these files.
func (r *logReader) begin(ctx context.Context, p place, f *logFile, name string, listed map[string]int64) error {
	f.last = listed[turnedOver(name, 1)]
	missing, err := f.begin(ctx, listed[name], r.options.Tail, r.options.Since)
	var older []*logFile
	for n := 1; f.stamped && missing != 0 && err == nil; n++ {
		size, ok := listed[turnedOver(name, n)]
		if !ok {
			break
		}
		g := *f
		g.path, g.offset, g.skip = turnedOver(f.path, n), 0, 0
		missing, err = g.begin(ctx, size, missing, r.options.Since)
		older = append(older, &g)
	}
	for n, g := range slices.Backward(older) {
		if err == nil {
			_, err = r.drain(ctx, p, g, listed[turnedOver(name, n+1)])
		}
	}
	return err
}

// followOver reads the end of a file that was turned over since it was read last,
// of which last is the size now; the new file begins at its beginning. In the midst
// of turning over there is none for a moment.
func (r *logReader) followOver(ctx context.Context, p place, f *logFile, last, size int64) error {
	if size >= f.offset && (last == f.last || last == 0) {
		return nil
	}
	f.last = last
	if last > f.offset {
		g := *f
		g.path = turnedOver(f.path, 1)
		if _, err := r.drain(ctx, p, &g, last); err != nil {
			return err
		}
	}
	f.offset, f.skip, f.rest = 0, 0, nil
	return nil
}

// splitName takes the name of a log file apart: web.stdout. Turned-over ones
// (web.stdout.1) are none of these; stdout and stderr are the executor's.
func splitName(name string) (service, stream string, ok bool) {
	if name == "stdout" || name == "stderr" {
		return "executor", name, true
	}
	i := strings.LastIndex(name, ".")
	if i < 1 {
		return "", "", false
	}
	service, stream = name[:i], name[i+1:]
	return service, stream, stream == "stdout" || stream == "stderr"
}

// drain reads a file up to its size, and says whether it had anything.
func (r *logReader) drain(ctx context.Context, p place, f *logFile, size int64) (bool, error) {
	got := false
	for {
		r.lines(ctx, p, f)
		if f.offset >= size {
			return got, nil
		}
		data, next, err := f.box.Read(ctx, f.path, f.offset, size-f.offset)
		if err != nil || len(data) == 0 {
			return got, err
		}
		got = true
		f.offset, f.rest = next, append(f.rest, data...)
	}
}

// lines passes on the whole lines that have been read.
func (r *logReader) lines(ctx context.Context, p place, f *logFile) {
	for {
		line, rest, whole := bytes.Cut(f.rest, []byte("\n"))
		if !whole {
			return
		}
		f.rest = rest
		if f.skip > 0 {
			f.skip--
			continue
		}
		r.send(ctx, p, f, string(line))
	}
}

// rest is a last line without an end.
func (r *logReader) rest(ctx context.Context, p place, f *logFile) {
	if len(f.rest) > 0 && f.skip == 0 {
		r.send(ctx, p, f, string(f.rest))
	}
}

func (r *logReader) send(ctx context.Context, p place, f *logFile, text string) {
	l := LogLine{Instance: p.instance, Service: f.service, Stderr: f.stderr, Text: text}
	if f.stamped {
		l.Time, l.Text = podlog.Unstamp(text)
	}
	if !l.Time.IsZero() && l.Time.Before(r.options.Since) {
		return
	}
	select {
	case r.out <- l:
	case <-ctx.Done():
	}
}

// logFile is one file and how far it is read.
type logFile struct {
	box     *Sandbox
	path    string
	service string
	stderr  bool
	stamped bool // every line begins with its time
	offset  int64
	skip    int // lines that nobody wants
	rest    []byte
	last    int64 // size of the file that was turned over last
}

// tailLimit is how far back the last lines are looked for.
const tailLimit = 4 << 20

// begin looks backwards from the end for where the wanted lines begin: so many,
// all where that is negative. They are read from there in order: only so a
// character that is cut by the end of what an agent gives at once comes out whole.
// It returns how many are wanted of what was written before this file.
func (f *logFile) begin(ctx context.Context, size int64, tail int, since time.Time) (missing int, err error) {
	if tail < 0 && since.IsZero() {
		return tail, nil
	}
	floor := int64(0)
	if since.IsZero() {
		floor = max(0, size-tailLimit)
	}
	at, lines, old := size, 0, false
	for at > floor && (tail < 0 || lines <= tail) && !old {
		from := max(0, at-chunk)
		data, _, err := f.box.Read(ctx, f.path, from, at-from)
		if err != nil {
			return 0, fmt.Errorf("looking for the last lines of %s: %w", f.path, err)
		}
		if at == size && len(data) > 0 && !bytes.HasSuffix(data, []byte("\n")) {
			lines++ // one without an end
		}
		lines += bytes.Count(data, []byte("\n"))
		at, old = from, f.stamped && before(data, since)
	}
	f.offset = at
	if tail >= 0 {
		f.skip = max(0, lines-tail)
	}
	if at > 0 { // the first line is cut
		f.skip = max(1, f.skip)
	}
	switch {
	case at > 0 || old:
		return 0, nil
	case tail < 0:
		return tail, nil
	}
	return max(0, tail-lines), nil
}

// before says that the first whole line of a part of a file is of a time before
// another.
func before(data []byte, since time.Time) bool {
	_, data, _ = bytes.Cut(data, []byte("\n"))
	line, _, whole := bytes.Cut(data, []byte("\n"))
	t, _ := podlog.Unstamp(string(line))
	return whole && !t.IsZero() && t.Before(since)
}
