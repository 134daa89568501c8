// Package reap decides what on a host is an orphan: something that a pod made
// whose executor is gone. It is pure: from a list of labelled things and a
// judge of executors it makes a plan; package sweep looks, judges and acts.
//
// What it never does is the point of it. A thing is judged by the labels on
// itself alone, never by those of a thing that claims to be of the same pod:
// whoever forges a label makes an orphan of what carries it, and of nothing
// else. Pods of people on this machine (dce.front=local) are never orphans, and
// neither is what cannot be judged.
package reap

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"dce/internal/render"
)

// Kind is what a thing is to the engine.
type Kind string

// The kinds.
const (
	Container Kind = "container"
	Network   Kind = "network"
	Volume    Kind = "volume"
)

// Thing is a container, network or volume with its labels.
type Thing struct {
	Kind    Kind
	ID      string
	Name    string
	Labels  map[string]string
	Image   string // the id of a container's
	Running bool
	Created time.Time
	// Doubt says why the labels are perhaps not the thing's own, where that was
	// asked: it is left alone then.
	Doubt string
}

// Owner is the executor that a thing names by its labels, and the task it was
// made for. Things of equal owners are one pod.
type Owner struct {
	Front     string
	Task      string
	Executor  string
	Framework string
	Lease     string
	Boot      string
	PID       string
	Start     string
}

// ownerLabels are the labels that make an owner, in the order of its fields.
func ownerLabels() []string {
	return []string{
		render.LabelFront, render.LabelTask, render.LabelExecutor, render.LabelFramework,
		render.LabelLease, render.LabelBoot, render.LabelPID, render.LabelStart,
	}
}

// maxLabel is how long a label of an owner may be, in bytes. Mesos' ids have at
// most 255 characters (common/validation.cpp), paths 4096; more is nobody's.
const maxLabel = 4096

func ownerOf(labels map[string]string) (o Owner, ok bool) {
	fields := [...]*string{&o.Front, &o.Task, &o.Executor, &o.Framework, &o.Lease, &o.Boot, &o.PID, &o.Start}
	for i, label := range ownerLabels() {
		*fields[i] = labels[label]
		if len(labels[label]) > maxLabel {
			return Owner{}, false
		}
	}
	return o, len(labels[render.LabelPod]) <= maxLabel
}

// Carry are the labels that the owner's things carry, for a look at them and
// nothing else. A label that is not there is empty.
func (o Owner) Carry() map[string]string {
	values := [...]string{o.Front, o.Task, o.Executor, o.Framework, o.Lease, o.Boot, o.PID, o.Start}
	carry := map[string]string{}
	for i, label := range ownerLabels() {
		carry[label] = values[i]
	}
	return carry
}

// dceGo reports whether a container is one of dce-go's own pods: its labels are
// taskId and executorId, and none of dce's.
func dceGo(labels map[string]string) bool {
	for k := range labels {
		if strings.HasPrefix(k, "dce.") {
			return false
		}
	}
	_, task := labels[render.LabelTaskID]
	_, executor := labels[render.LabelExecutorID]
	return task && executor
}

// sorted are the things by kind and name: containers first.
func sorted(things []Thing) []Thing {
	slices.SortFunc(things, func(a, b Thing) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return things
}
