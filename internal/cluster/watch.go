package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Goal is what a deployment is followed to.
type Goal struct {
	Deployment Deployment
	// Wanted is how many instances of the version must be ready; 0 waits for all
	// to be gone.
	Wanted int
	// MaxFailures is how many instances of the version may fail before it is given
	// up; 0 never gives up.
	MaxFailures int
	// Timeout is shown where it has passed.
	Timeout time.Duration
}

// End is how following a deployment ended.
type End string

// The ends.
const (
	Reached     End = "healthy"
	Failing     End = "failing"     // instances of the version fail one after the other
	TimedOut    End = "timed_out"   // not all were ready in time
	Cancelled   End = "cancelled"   // somebody ended the deployment
	Superseded  End = "superseded"  // somebody deployed another version
	Interrupted End = "interrupted" // the deployment goes on, unwatched
)

// Watch is the following of one deployment: what has been seen, and how it
// ended. It changes by Next only.
//
//	going --(all ready, deployment done)--> healthy
//	going --(MaxFailures instances failed)--> failing
//	going --(another version is wanted)--> superseded
//	going --(deployment ended, not all ready)--> cancelled
//	going --(deadline)--> timed out
type Watch struct {
	Goal Goal
	// End is empty while it goes on; Reason says in words why it ended so.
	End    End
	Reason string
	Seen   Observation
	// Failures are those of the version, each instance once, oldest first.
	Failures []Failure
	lines    map[string]string
	// idle counts the observations in a row without the deployment and without all
	// instances ready: answers of Marathon may be a moment old.
	idle int
}

// Input is what a watch learns.
type Input interface{ input() }

// Seen is the app as it was found.
type Seen struct{ Observation Observation }

// Heard is an event.
type Heard struct{ Event Event }

// Deadline is the end of the time that the deployment has.
type Deadline struct{}

func (Seen) input()     {}
func (Heard) input()    {}
func (Deadline) input() {}

// Line is news of one instance, or of what is waited for, for a person. ID
// stays the same over its life.
type Line struct {
	ID, Text string
	Done     bool
	Failed   bool
}

// patience is how many observations in a row must find a deployment gone and
// its goal not reached.
const patience = 4

// Next is the watch after an input, with what is to be shown.
func (w Watch) Next(in Input) (Watch, []Line) {
	if w.End != "" {
		return w, nil
	}
	switch in := in.(type) {
	case Seen:
		return w.seen(in.Observation)
	case Heard:
		return w.heard(in.Event)
	case Deadline:
		w.End, w.Reason = TimedOut, w.unready()
	}
	return w, nil
}

func (w Watch) seen(o Observation) (Watch, []Line) {
	w.Seen = o
	var lines []Line
	if f := o.Failure; f != nil && w.concerns(*f) {
		w, lines = w.fail(*f)
	}
	w, news := w.tell(o)
	lines = append(lines, news...)
	w.judge(o)
	return w, lines
}

func (w *Watch) judge(o Observation) {
	ours := slices.Contains(o.Deployments, w.Goal.Deployment.ID)
	// Who follows none waits for all of them, as `dce status` does.
	others := w.Goal.Deployment.ID == "" && len(o.Deployments) > 0
	switch {
	case w.End != "":
	case o.Version != "" && o.Version != w.Goal.Deployment.Version && !ours:
		w.End, w.Reason = Superseded, "version "+o.Version+" was deployed meanwhile"
	case ours, others:
		w.idle = 0
	case o.has(w.Goal.Wanted):
		w.End = Reached
	case w.Goal.Deployment.ID == "": // none is followed: an instance that died comes back without one
	default:
		if w.idle++; w.idle >= patience && len(o.Deployments) == 0 {
			w.End, w.Reason = Cancelled, "the deployment has ended, and "+w.unready()
		}
	}
}

func (w Watch) heard(e Event) (Watch, []Line) {
	var lines []Line
	if e.Failure != nil && w.concerns(*e.Failure) {
		w, lines = w.fail(*e.Failure)
	}
	if w.End == "" && e.Ended == w.Goal.Deployment.ID && e.Cancelled != "" {
		w.End, w.Reason = Cancelled, e.Cancelled
	}
	return w, lines
}

// concerns says that a failure is one of the version that is followed, and not
// known yet.
func (w Watch) concerns(f Failure) bool {
	known := slices.ContainsFunc(w.Failures, func(k Failure) bool { return k.Instance == f.Instance })
	ours := f.Version == w.version() || f.Version == w.Goal.Deployment.Version
	return ours && !known && f.Instance != w.Goal.Deployment.Failed
}

// version is the instances' own: that of the app, unless it was only scaled.
func (w Watch) version() string { return cmp.Or(w.Seen.Config, w.Goal.Deployment.Version) }

func (w Watch) fail(f Failure) (Watch, []Line) {
	w.Failures = append(slices.Clip(w.Failures), f)
	if n := w.Goal.MaxFailures; n > 0 && len(w.Failures) >= n {
		w.End, w.Reason = Failing, count(len(w.Failures), "instance")+" of the new version failed"
	}
	first, _, _ := strings.Cut(f.Message, "\n")
	return w, []Line{{ID: Name(f.Instance), Text: strings.Trim("on "+f.Host+": "+first, ": "), Failed: true}}
}

// tell finds what is new.
func (w Watch) tell(o Observation) (Watch, []Line) {
	now := map[string]string{}
	var lines []Line
	for _, i := range o.Instances {
		if l, ok := w.line(i); ok {
			now[l.ID] = l.Text
			lines = append(lines, l)
		}
	}
	if o.Waiting != nil {
		l := Line{ID: "waiting", Text: count(o.Waiting.Count, "instance") + " not launched yet: " + o.Waiting.Why}
		now[l.ID] = l.Text
		lines = append(lines, l)
	} else if w.lines["waiting"] != "" {
		lines = append(lines, Line{ID: "waiting", Text: "all instances are launched", Done: true})
	}
	was := w.lines
	w.lines = now
	return w, slices.DeleteFunc(lines, func(l Line) bool { return was[l.ID] == l.Text })
}

// line tells of an instance. Those of other versions are worth a word only when
// they go.
func (w Watch) line(i Instance) (Line, bool) {
	l := Line{ID: Name(i.ID), Text: Words(i)}
	if i.Version == w.version() {
		l.Done = i.State == Ready
		return l, true
	}
	l.Text = "old version: " + l.Text
	return l, i.State == Ending
}

// unready says how far it came.
func (w Watch) unready() string {
	if w.Goal.Wanted == 0 && len(w.Seen.Instances) == 0 {
		return "its deployment goes on"
	}
	if w.Goal.Wanted == 0 {
		return count(len(w.Seen.Instances), "instance") + " still there"
	}
	text := fmt.Sprintf("%d of %s ready", w.Seen.Ready(), count(w.Goal.Wanted, "instance"))
	if w.Seen.has(w.Goal.Wanted) && len(w.Seen.Deployments) > 0 {
		return text + "; deployment " + strings.Join(w.Seen.Deployments, ", ") + " goes on"
	}
	if wait := w.Seen.Waiting; wait != nil {
		return text + "; " + count(wait.Count, "instance") + " not launched: " + wait.Why
	}
	for _, i := range w.Seen.Instances {
		if i.Version == w.version() && i.State != Ready {
			return text + "; " + Name(i.ID) + " is " + Words(i)
		}
	}
	return text
}

// Words are how far an instance is, for a person.
func Words(i Instance) string {
	text := map[InstanceState]string{
		Staging: "launched", Pulling: "pulling images", Starting: "starting", Checking: "running, health not known yet",
		Ready: "ready", Unhealthy: "not healthy", Ending: "stopping", Lost: "lost: its agent does not answer",
	}[i.State]
	text = cmp.Or(text, string(i.State))
	if i.Note != "" {
		text += " (" + i.Note + ")"
	}
	if i.Host != "" {
		text += " on " + i.Host
	}
	return text
}

// Name is what people call an instance: the part of its id that tells it from
// others, as long as it needs to be, and which start of it this is.
func Name(id string) string {
	_, rest, ok := strings.Cut(id, ".instance-")
	if !ok { // Marathon before 1.8: shop_web.<uuid>
		rest = id[strings.LastIndex(id, ".")+1:]
	}
	name := "instance " + rest[:min(8, len(rest))]
	if _, start, ok := strings.Cut(rest, "._app."); ok && start != "1" {
		name += " start " + start
	}
	return name
}
