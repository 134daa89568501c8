// Package sweep brings a host back to clean: it looks for what pods have made,
// judges the executors that they name, and removes what package reap calls
// orphans. An executor does it at its start, `dce reap` once or as a daemon,
// and the agents' hook through dce reap. Two sweeps at once do each other no
// harm: what the other has removed is gone.
package sweep

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/reap"
	"dce/internal/render"
)

// stopsAtOnce is how many containers are stopped at the same time, of all pods
// together. Engine 20.10.24 deadlocks in its network code when about a hundred
// containers stop while networks are listed: it goes on to answer pings and
// lists, and never again a create or an inspect (measured, on a devcluster that
// ended ten tasks). Fewer are also kinder to the pods that live.
const stopsAtOnce = 16

// mostGrace is the longest that an orphan is given to stop where nobody says
// otherwise. A job can ask its services' graces to be a month, and a service that
// ignores its signal would take all of it, and a place among stopsAtOnce.
const mostGrace = 10 * time.Minute

// Engine is what a sweep needs of an engine on this machine.
type Engine interface {
	Containers(ctx context.Context, label string) ([]engine.Thing, error)
	Resources(ctx context.Context, label string) ([]engine.Thing, error)
	Parents(ctx context.Context, ids []string) ([]string, error)
	// ImageLabels are the labels of an image, by its id; false where the engine does
	// not have it any more.
	ImageLabels(ctx context.Context, id string) (map[string]string, bool, error)
	RequireLocal(ctx context.Context) error
	// Ended is when the last of containers has ended; zero where one lives.
	Ended(ctx context.Context, ids []string) (time.Time, error)
	Discard(ctx context.Context, s engine.Spec, until func() time.Duration) error
}

// Cgroups are the machine's.
type Cgroups interface {
	// Remove removes a parent where it is empty, in every hierarchy but those where
	// it is the agent's.
	Remove(ctx context.Context, parent string, agents map[string]uint64) error
	// Exists reports whether the parent is there in any hierarchy.
	Exists(parent string) bool
	// Occupied reports whether a process is in the parent itself.
	Occupied(parent string) bool
}

// Sweeper sweeps one host.
type Sweeper struct {
	Engine  Engine
	Cgroups Cgroups
	// Leases is the directory of leases, absolute. A lease elsewhere is no
	// evidence: its path is a label, which anyone may have written.
	Leases string
	// KeepMost is the longest time for which a failed pod is kept, whatever notes
	// and labels say.
	KeepMost time.Duration
	// Now is the clock by which pods are kept; nil is the machine's. Nothing else
	// depends on a clock that can be set.
	Now func() time.Time
	Log *slog.Logger
}

func (s *Sweeper) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Options are one sweep.
type Options struct {
	// Executor and Framework, where given, leave all other pods alone.
	Executor  string
	Framework string
	// Grace bounds the stop of each pod; nil leaves it to its services, up to
	// mostGrace.
	Grace *time.Duration
	// DryRun removes nothing.
	DryRun bool
	// removals are those of the sweeps beside this one; nil where there are none.
	removals *removals
}

// all says that no pod was left out.
func (o Options) all() bool { return o.Executor == "" && o.Framework == "" }

// Sweep looks once, and removes what is found. Its error says that it could not
// look; what could not be removed is in the report.
func (s *Sweeper) Sweep(ctx context.Context, o Options) (Report, error) {
	began := time.Now()
	l := &look{
		Sweeper: s, host: lease.Here(), options: o, removals: cmp.Or(o.removals, newRemovals()),
		staying: map[reap.Owner]bool{}, origins: engine.NewOrigins(s.Engine.ImageLabels),
	}
	plan, err := l.look(ctx)
	if err != nil {
		return Report{}, err
	}
	if o.DryRun {
		r := newReport(plan, true)
		return r, l.wouldTidy(plan, &r)
	}
	plan.Orphans = l.begin(plan.Orphans)
	r := newReport(plan, false)
	if len(plan.Orphans) > 0 { // of what stays, or is killed with this sweep, perhaps nothing else tells
		unmarkSwept(l.Leases)
	}
	err = l.remove(ctx, plan, &r)
	r.Took = time.Since(began)
	return r, err
}

// remove removes the orphans, and what the engine finishes late, and tidies up.
func (l *look) remove(ctx context.Context, plan reap.Plan, r *Report) (err error) {
	young := l.mayComeLate(plan) // of what was looked at: a stop can take minutes
	l.removeAll(ctx, plan.Orphans, r.Orphans)
	for pauses := lateLooks(); len(pauses) > 0 && young; pauses = pauses[1:] {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pauses[0]):
		}
		if plan, err = l.look(ctx); err != nil {
			return err
		}
		young = l.mayComeLate(plan)
		plan.Orphans = l.begin(plan.Orphans)
		late := rows(plan.Orphans)
		l.removeAll(ctx, plan.Orphans, late)
		r.Orphans = append(r.Orphans, late...)
		if len(late) > 0 && len(pauses) == 1 {
			pauses = append(pauses, pauses[0])
		}
	}
	if err := errors.Join(l.removeAgain(ctx), l.tidy(ctx, plan, r)); err != nil {
		l.Log.Warn("tidying up after pods that are gone", slog.Any("err", err))
		r.Untidy = err.Error()
	}
	return nil
}

// look is what one sweep sees.
type look struct {
	*Sweeper

	host     lease.Host
	options  Options
	removals *removals
	things   []reap.Thing
	// origins are those of the labels of containers that would be removed.
	origins *engine.Origins
	// free are the leases that were idle before things were looked at: whoever had
	// them has made nothing since. Of an executor that dies later there may be
	// things that were not seen.
	free []string
	// wide says that everything was looked at, not containers alone.
	wide bool

	mu sync.Mutex
	// parents are the cgroups that went with orphans.
	parents []string
	// staying are the orphans that could not be removed, and those that a sweep
	// beside this one removes. They are the next sweep's: tried again by this one,
	// they would take their grace again.
	staying map[reap.Owner]bool
}

// begin takes the orphans that no sweep beside this one removes.
func (l *look) begin(orphans []reap.Pod) []reap.Pod {
	return slices.DeleteFunc(orphans, func(p reap.Pod) bool {
		if l.removals.begin(p) {
			return false
		}
		l.stay(p)
		return true
	})
}

func (l *look) stay(p reap.Pod) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.staying[p.Owner] = true
}

func (l *look) stays(p reap.Pod) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.staying[p.Owner]
}

// look asks the engine for containers, and only where they are not all that can
// be left for the rest.
func (l *look) look(ctx context.Context) (reap.Plan, error) {
	l.things = nil
	maps.Copy(l.staying, l.removals.underWay()) // before the lists, which have them although they may be gone soon
	leases, err := lease.Files(l.Leases)
	if err != nil { // what has another evidence is judged by that
		l.Log.Warn("the leases cannot be looked at", slog.Any("err", err))
	}
	l.free = slices.DeleteFunc(leases, func(path string) bool { return !l.idle(path) })
	awaitDying(ctx, l.free)
	found, err := l.Engine.Containers(ctx, l.label())
	if err != nil {
		return reap.Plan{}, err
	}
	l.add(found)
	plan, err := l.plan(ctx)
	if err != nil {
		return reap.Plan{}, err
	}
	if l.wide = l.wide || l.worthMore(plan); l.wide { // a second look sees no less than the first
		if found, err = l.Engine.Resources(ctx, l.label()); err != nil {
			return reap.Plan{}, err
		}
		l.add(found)
		if plan, err = l.plan(ctx); err != nil {
			return reap.Plan{}, err
		}
	}
	if len(plan.Orphans)+len(plan.Kept)+len(plan.Unjudged) == 0 {
		return plan, nil
	}
	return plan, l.Engine.RequireLocal(ctx)
}

// label selects what a sweep looks at. dce-go's pods have the second only.
func (l *look) label() string {
	if l.options.Executor == "" {
		return render.LabelFront
	}
	return render.LabelExecutorID
}

func (l *look) add(found []engine.Thing) {
	for _, t := range found {
		l.things = append(l.things, reap.Thing{
			Kind: reap.Kind(t.Kind), ID: t.ID, Name: t.Name, Labels: t.Labels, Image: t.Image, Running: t.Running, Created: t.Created,
		})
	}
}

// plan doubts what would be removed before it is: the labels may be an image's.
func (l *look) plan(ctx context.Context) (reap.Plan, error) {
	plan := l.planAs(ctx)
	doubted, err := l.doubt(ctx, plan.Orphans)
	if err != nil || !doubted {
		return plan, err
	}
	return l.planAs(ctx), nil
}

func (l *look) planAs(ctx context.Context) reap.Plan {
	q := reap.Query{Executor: l.options.Executor, Framework: l.options.Framework, Now: l.now()}
	plan := reap.Make(l.things, q, reap.Evidence{
		Judge: func(p reap.Pod) reap.Verdict { return l.judge(ctx, p) },
		Kept:  func(p reap.Pod) time.Time { return l.kept(ctx, p) },
	})
	plan.Orphans = slices.DeleteFunc(plan.Orphans, l.stays)
	return plan
}

// worthMore reports whether networks and volumes are worth two more calls. An
// executor that ended with something left, however it ended, has left its
// lease; those of former boots went with it, so the first sweep of each looks
// at everything.
func (l *look) worthMore(plan reap.Plan) bool {
	if l.options.Executor != "" || len(plan.Orphans) > 0 || !sweptThisBoot(l.Leases, l.host.Boot) {
		return true
	}
	return len(l.free) > 0
}

// removeAll removes pods, several at once: the graces of one must not hold up
// the others.
func (l *look) removeAll(ctx context.Context, pods []reap.Pod, rows []Row) {
	var removing sync.WaitGroup
	for i, p := range pods {
		removing.Go(func() {
			defer l.removals.end(p)
			stops := int64(min(max(1, len(containers(p))), stopsAtOnce))
			if l.removals.places.Acquire(ctx, stops) != nil {
				rows[i].Error = context.Cause(ctx).Error()
				l.stay(p)
				return
			}
			defer l.removals.places.Release(stops)
			began := time.Now()
			err := l.discard(ctx, p)
			rows[i].Took = time.Since(began)
			if err != nil {
				rows[i].Error = err.Error()
				l.stay(p)
			}
			l.log(rows[i])
		})
	}
	removing.Wait()
}

func (s *Sweeper) log(r Row) {
	attrs := []any{slog.String("pod", r.Pod), slog.String("task_id", r.Task), slog.String("reason", r.Reason), slog.Duration("took", r.Took)}
	if r.Error != "" {
		s.Log.Warn("an orphan could not be removed", append(attrs, slog.String("err", r.Error))...)
		return
	}
	s.Log.Info("orphan removed", attrs...)
}

// lateTime is how old an orphan must be before nothing more of it can appear,
// and lateLooks are the pauses before it is looked for again: the engine
// finishes what it was asked for after the one who asked has been killed
// (reference/compose.md section 5f). Where the last look has found something,
// there is one more.
const lateTime = 15 * time.Second

func lateLooks() []time.Duration {
	return []time.Duration{700 * time.Millisecond, 1400 * time.Millisecond}
}

// mayComeLate reports whether something of an orphan is young, or the lease of a
// dead executor, which is written to when its pod begins to be made. A clock that
// was set in between makes a thing look old, not its lease.
func (l *look) mayComeLate(plan reap.Plan) bool {
	now := l.now()
	for _, p := range plan.Orphans {
		for _, t := range p.Things {
			if !p.DCEGo && now.Sub(t.Created) < lateTime {
				return true
			}
		}
	}
	return slices.ContainsFunc(l.left(plan), l.youngLease)
}

// youngLease reports whether a lease was written to a moment ago. One without a
// note was left by an executor that had not come to ask the engine for anything.
func (l *look) youngLease(path string) bool {
	notes, err := lease.Notes(path)
	up := lease.Uptime()
	return err != nil || slices.ContainsFunc(notes, func(n lease.Note) bool {
		return n.Written > 0 && up-n.Written < lateTime
	})
}

// grace bounds the stop of one pod.
func (o Options) grace() time.Duration {
	if o.Grace == nil {
		return mostGrace
	}
	return *o.Grace
}

// discard stops a pod by its services' graces, and removes what carries its
// labels.
func (l *look) discard(ctx context.Context, p reap.Pod) error {
	parents, err := l.Engine.Parents(ctx, containers(p))
	if err != nil {
		return err
	}
	end := time.Now().Add(l.options.grace())
	until := func() time.Duration { return max(0, time.Until(end)) }
	spec := engine.Spec{PodID: p.ID, Carry: p.Carry(), RemoveVolumes: true, StopsAtOnce: stopsAtOnce}
	err = l.Engine.Discard(ctx, spec, until)
	return errors.Join(err, l.removeParents(ctx, p, parents)) // of what stays no container may tell them any more
}

// errLeft says that a sweep left something behind.
var errLeft = errors.New("not all that is left of dead executors could be removed")
