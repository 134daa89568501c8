package reap

import (
	"cmp"
	"slices"
	"time"

	"dce/internal/render"
)

// State is what is known of an executor.
type State string

// The states. Only what is gone is ever touched.
const (
	Alive   State = "alive"
	Gone    State = "gone"
	Unknown State = "unknown"
)

// Verdict is what is known of an executor, and the evidence in words that go on
// after "because".
type Verdict struct {
	State  State
	Reason string
}

// Query says which pods are meant.
type Query struct {
	// Executor and Framework, where given, leave out all others.
	Executor  string
	Framework string
	// Now is the time, against which a kept pod's is held.
	Now time.Time
}

// Evidence judges what labels say. Both functions are asked once for each pod.
type Evidence struct {
	// Judge says whether the pod's executor lives.
	Judge func(Pod) Verdict
	// Kept is until when the pod is kept for inspection, the zero time when it is
	// not.
	Kept func(Pod) time.Time
}

// Pod is all of one owner.
type Pod struct {
	ID      string // dce.pod, or the name of the first thing where there is none
	Owner   Owner
	Verdict Verdict
	Kept    time.Time
	Things  []Thing
	// DCEGo says that dce-go made it: its labels hold no evidence.
	DCEGo bool
}

// Carry are the labels by which the pod's things, and no others, are found.
func (p Pod) Carry() map[string]string {
	if !p.DCEGo {
		return p.Owner.Carry()
	}
	carry := Owner{}.Carry() // none of dce's
	carry[render.LabelPod] = ""
	carry[render.LabelTaskID], carry[render.LabelExecutorID] = p.Owner.Task, p.Owner.Executor
	return carry
}

// Plan is what is to be done: Orphans go, the others stay.
type Plan struct {
	Orphans []Pod
	// Kept are orphans whose time for inspection is not over.
	Kept []Pod
	// Unjudged cannot be told from living ones and are left alone.
	Unjudged []Pod
	// Alive is the number of pods whose executor lives.
	Alive int
	// Local is the number of pods of people on this machine.
	Local int
}

// Make sorts what was found on a host.
func Make(things []Thing, q Query, e Evidence) Plan {
	var plan Plan
	for _, p := range pods(things, q) {
		switch {
		case p.Owner.Front == render.FrontLocal:
			plan.Local++
			continue
		case p.Verdict.State == "":
			p.Verdict = e.Judge(p)
		}
		switch p.Verdict.State {
		case Alive:
			plan.Alive++
		case Gone:
			p.Kept = e.Kept(p)
			if p.Kept.After(q.Now) {
				plan.Kept = append(plan.Kept, p)
				continue
			}
			plan.Orphans = append(plan.Orphans, p)
		default:
			plan.Unjudged = append(plan.Unjudged, p)
		}
	}
	return plan
}

// pods puts the things of equal owners together, by pod id. What no pod of an
// executor made is left out.
func pods(things []Thing, q Query) []Pod {
	found := map[Owner]*Pod{}
	var all []*Pod
	for _, t := range things {
		p, ok := owned(t)
		if !ok || !q.means(p) {
			continue
		}
		known := found[p.Owner]
		if known == nil || p.Verdict.State == Unknown { // what cannot be told is by itself
			known = &p
			all = append(all, known)
		}
		if p.Verdict.State != Unknown {
			found[p.Owner] = known
		}
		known.Things = append(known.Things, t)
		if id := t.Labels[render.LabelPod]; len(id) <= maxLabel {
			known.ID = cmp.Or(known.ID, id)
		}
	}
	pods := make([]Pod, 0, len(all))
	for _, p := range all {
		p.Things = sorted(p.Things)
		p.ID = cmp.Or(p.ID, p.Things[0].Name)
		pods = append(pods, *p)
	}
	slices.SortFunc(pods, func(a, b Pod) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Things[0].ID, b.Things[0].ID))
	})
	return pods
}

// owned is the pod that a thing says it is of. What it says is perhaps not its
// own to say.
func owned(t Thing) (Pod, bool) {
	p, ok := claimed(t)
	if t.Doubt != "" {
		p.Verdict = Verdict{Unknown, t.Doubt}
	}
	return p, ok
}

func claimed(t Thing) (Pod, bool) {
	if dceGo(t.Labels) {
		return Pod{
			DCEGo: true, Owner: Owner{Task: t.Labels[render.LabelTaskID], Executor: t.Labels[render.LabelExecutorID]},
		}, true
	}
	if t.Kind == Volume && t.Labels[render.LabelKeep] != "" {
		return Pod{}, false
	}
	o, ok := ownerOf(t.Labels)
	if !ok {
		return Pod{Verdict: Verdict{Unknown, "its labels are longer than dce's"}}, true
	}
	front := o.Front == render.FrontMesos || o.Front == render.FrontLocal
	return Pod{Owner: o}, front
}

// means reports whether a pod is asked for. dce-go's name no framework, and are
// meant by their executor only.
func (q Query) means(p Pod) bool {
	if p.DCEGo {
		return q.Executor != "" && p.Owner.Executor == q.Executor
	}
	return (q.Executor == "" || p.Owner.Executor == q.Executor) && (q.Framework == "" || p.Owner.Framework == q.Framework)
}
