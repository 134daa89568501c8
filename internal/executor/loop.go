package executor

import (
	"context"
	"log/slog"
	"slices"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/health"
	"dce/internal/mesos"
	"dce/internal/pod"
)

// What reaches the loop beside the agent's events.
type (
	// staged says that a task's pod is ready to run, or why it is not.
	staged struct {
		task *task
		run  *run
		err  error
	}
	// reported says where a pod stands.
	reported struct {
		task  *task
		pod   pod.Pod
		where where
	}
	// checked is a verdict of the framework's own health check.
	checked struct {
		task    *task
		verdict health.Verdict
	}
	// looked is a new result of the framework's check of the task's status.
	looked struct {
		task   *task
		result v1.CheckStatusInfo
	}
	// over says that nothing of a task runs any more.
	over struct {
		task *task
		left remains
	}
)

// post hands something to the loop, unless it has ended.
func (x *executor) post(m any) {
	select {
	case x.mail <- m:
	case <-x.done:
	}
}

// loop serves until no task is left. A context that ends is a request to end.
func (x *executor) loop(ctx context.Context) {
	defer close(x.done)
	lives, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	ended := ctx.Done()
	for !x.idle() {
		select {
		case m := <-x.mail:
			x.handle(lives, m)
			x.measure()
		case by := <-x.o.Stops:
			x.urgent, x.signalled = x.signalled, true
			x.stop(by)
		case <-ended:
			ended = nil
			x.stop("the end of its context")
		case <-x.left:
			x.o.Log.Error("not every pod has ended in time")
			return
		}
	}
}

// idle reports whether there is nothing left to do: everything that was
// launched has ended, or nothing will be launched.
func (x *executor) idle() bool {
	return len(x.tasks) == 0 && (x.launched > 0 || x.ending)
}

func (x *executor) handle(ctx context.Context, m any) {
	switch m := m.(type) {
	case mesos.Subscribed:
		x.subscribed(m)
	case mesos.Launch:
		for _, info := range m.Tasks {
			x.launch(ctx, info)
		}
	case mesos.Kill:
		x.kill(m)
	case mesos.Message:
		x.o.Log.Info("a message of the scheduler is not for this executor", slog.Int("bytes", len(m.Data)))
	case mesos.Shutdown:
		x.stop("the agent, which shuts the executor down")
	case mesos.Lost:
		x.lost = true
		x.stop("its executor, which has lost the agent")
	case staged:
		x.staged(ctx, m)
	case reported:
		x.reported(ctx, m)
	case checked:
		x.checked(m)
	case looked:
		x.looked(m)
	case over:
		x.remember(m.left)
		delete(x.tasks, m.task.number)
	}
}

func (x *executor) subscribed(s mesos.Subscribed) {
	if x.meter != nil && s.Again {
		x.meter.returns.Add(1)
	}
	x.o.Log.Info("subscribed", slog.Bool("again", s.Again), slog.String("container_id", s.ContainerID))
	if s.ContainerID != "" {
		x.container = s.ContainerID
	}
}

// launch begins a task. It is told as starting before anything is done.
func (x *executor) launch(ctx context.Context, info v1.TaskInfo) {
	t := newTask(info, x.launched)
	x.launched++
	x.o.Log.Info("task launched", slog.String("task_id", t.id))
	if x.ending {
		x.tell(mesos.Update{TaskID: t.id, State: v1.TASK_KILLED, Message: "the executor is shutting down"})
		return
	}
	x.tell(mesos.Update{TaskID: t.id, State: v1.TASK_STARTING})
	if x.launched == 1 {
		x.take()
	}
	x.tasks[t.number] = t
	staging, cancel := context.WithCancel(ctx)
	t.abort = cancel
	s := x.stager(t)
	x.noteCgroup(s.podID())
	x.work.Go(func() {
		defer cancel()
		r, err := s.stage(staging)
		x.post(staged{t, r, err})
	})
}

// stager copies what staging a task needs of the executor.
func (x *executor) stager(t *task) *stager {
	return &stager{
		o: x.o, settled: x.settled, info: t.info, number: t.number, container: x.container, identity: x.identity, connect: x.connect, engineInfo: x.info,
		began:    time.Now(),
		keepMost: x.operator.KeepFailedMost,
		reached:  x.reached,
		meter:    x.meter,
		report:   func(p pod.Pod, w where) { x.post(reported{t, p, w}) },
		log:      x.o.Log.With(slog.String("task_id", t.id)),
	}
}

// staged runs a pod that is ready, or ends a task that has none.
func (x *executor) staged(ctx context.Context, s staged) {
	t := s.task
	switch {
	case s.err != nil && t.killed != nil:
		x.tell(killedEarly(t))
	case s.err != nil:
		x.o.Log.Error("the task has no pod", slog.String("task_id", t.id), slog.Any("err", s.err))
		x.tell(unfit(t.id, s.err))
	default:
		x.run(ctx, t, s.run)
		return
	}
	delete(x.tasks, t.number)
}

func (x *executor) run(ctx context.Context, t *task, r *run) {
	t.run, t.view = r, r.view
	if t.killed != nil {
		r.life.Post(*t.killed)
	}
	x.work.Go(func() {
		x.post(over{t, r.live(ctx)})
	})
}

// kill ends one task, in whatever state it is. Asking again changes the time
// that it has.
func (x *executor) kill(k mesos.Kill) {
	t := x.newest(k.TaskID)
	if t == nil {
		x.o.Log.Info("told to kill a task that does not run", slog.String("task_id", k.TaskID))
		return
	}
	grace := k.Grace
	if grace == nil {
		grace = t.grace
	}
	t.kill(killWithin(grace, "the scheduler"))
}

// newest is the task that was launched last with this id, nil without one.
func (x *executor) newest(id string) *task {
	var found *task
	for _, t := range x.tasks {
		if t.id == id && (found == nil || t.number > found.number) {
			found = t
		}
	}
	return found
}

// stop ends every task and, with them, the executor.
func (x *executor) stop(by string) {
	x.o.Log.Info("told to end", slog.String("by", by))
	x.ending = true
	grace := x.o.Environment.ShutdownGrace
	last := grace
	for _, t := range x.tasks {
		k := pod.Kill{Grace: max(grace-margin(grace), pod.AtOnce), By: by, Now: x.urgent}
		if x.lost { // the agent's grace is nobody's any more
			k.Grace = t.stopTime()
			last = max(last, k.Grace+lostMargin)
		}
		t.kill(k)
	}
	if x.left == nil || x.lost {
		x.left = time.After(last)
	}
}

const (
	// lostTime bounds the stop of a pod whose agent is lost, where nobody has set
	// timeouts.stop: its task counts as lost and runs elsewhere soon, so what a
	// service asks for beyond that would have two of it.
	lostTime = time.Minute
	// lostMargin is what of the time of an executor without agent is for what
	// comes after the stop.
	lostMargin = 15 * time.Second
)

// margin is what of a grace is left for what comes after the stop: the
// container that does not end takes the engine some 100 ms to kill, the update
// and the removal take as much.
func margin(grace time.Duration) time.Duration { return min(grace/4, 2*time.Second) }

func (x *executor) reported(ctx context.Context, r reported) {
	t := r.task
	was := t.pod.State
	t.pod = r.pod
	if r.pod.State == pod.Starting {
		x.noteStart()
	}
	if r.pod.State == pod.Running {
		t.view.container, t.view.labels = r.where.status, r.where.labels
		x.check(ctx, t)
	} else {
		t.unchecked()
	}
	if u, ok := t.view.update(was, r.pod); ok {
		x.tell(u)
	}
}

// check begins the framework's own checks, once the pod runs.
func (x *executor) check(ctx context.Context, t *task) {
	if t.checking || t.run.probe == nil && t.run.status == nil {
		return
	}
	t.checking = true
	ctx, t.endChecks = context.WithCancel(ctx)
	if t.run.probe != nil {
		x.work.Go(func() {
			health.Run(ctx, t.run.pace, t.run.probe, func(v health.Verdict) { x.post(checked{t, v}) })
		})
	}
	if t.run.status != nil {
		x.work.Go(func() {
			t.run.status.run(ctx, func(result v1.CheckStatusInfo) { x.post(looked{t, result}) })
		})
	}
}

// looked tells a new result of a check. It is for the framework to judge: the
// pod runs on, whatever it is.
func (x *executor) looked(l looked) {
	t := l.task
	if t.pod.State != pod.Running {
		return
	}
	t.view.check = &l.result
	if u, ok := t.view.update(t.pod.State, t.pod); ok {
		u.Reason = v1.REASON_TASK_CHECK_STATUS_UPDATED.Enum()
		x.tell(u)
	}
}

func (x *executor) checked(c checked) {
	t := c.task
	if t.pod.State != pod.Running {
		return
	}
	t.view.verdict = &c.verdict
	if c.verdict.Fatal {
		t.run.life.Post(pod.Unfit{Message: c.verdict.Message})
		return
	}
	if u, ok := t.view.update(t.pod.State, t.pod); ok {
		u.Message = t.view.redactor.text(c.verdict.Message)
		x.tell(u)
	}
}

// tell queues an update. One for a task that has ended is of no use to anyone.
func (x *executor) tell(u mesos.Update) {
	attrs := []any{slog.String("task_id", u.TaskID), slog.String("state", u.State.String())}
	if err := x.session.Update(u); err != nil {
		x.o.Log.Warn("an update cannot be delivered", slices.Concat(attrs, []any{slog.Any("err", err)})...)
		return
	}
	x.o.Log.Info("update", attrs...)
}
