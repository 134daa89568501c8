package render

import (
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"
)

// The labels on every container, network and volume that a pod makes. A fact
// that is empty gives no label. The first two are dce-go's keys: operators'
// tools and the agents' clean-up hook filter on them.
const (
	LabelTaskID     = "taskId"
	LabelExecutorID = "executorId"
	LabelFront      = "dce.front"
	LabelTask       = "dce.task"
	LabelExecutor   = "dce.executor"
	LabelFramework  = "dce.framework"
	LabelPod        = "dce.pod"
	LabelLease      = "dce.lease"
	LabelBoot       = "dce.boot"
	LabelPID        = "dce.pid"
	LabelStart      = "dce.start"
	LabelHash       = "dce.hash"
	LabelVersion    = "dce.version"
	// LabelKeep is on volumes that a job wants to outlive its pod.
	LabelKeep = "dce.keep"
	// LabelKeepFailed is for how long after its end a failed pod is kept for
	// inspection, as a Go duration; without it, it is not.
	LabelKeepFailed = "dce.keep_failed"
	// LabelInfra marks the infra container, so that a rendered pod that is
	// rendered again is told from a service that a user called infra.
	LabelInfra = "dce.infra"
)

// TaskLabels are the labels that the facts of a task give.
func TaskLabels(t Task) map[string]string {
	labels := map[string]string{
		LabelTaskID:     t.ID,
		LabelExecutorID: t.ExecutorID,
		LabelFront:      t.Front,
		LabelTask:       t.ID,
		LabelExecutor:   t.ExecutorID,
		LabelFramework:  t.FrameworkID,
		LabelPod:        t.PodID,
		LabelLease:      t.Lease,
		LabelBoot:       t.BootID,
		LabelStart:      t.StartTime,
		LabelHash:       t.Hash,
		LabelVersion:    t.Version,
		LabelKeepFailed: t.KeepFailed,
	}
	if t.PID > 0 {
		labels[LabelPID] = strconv.Itoa(t.PID)
	}
	for k, v := range labels {
		if v == "" {
			delete(labels, k)
		}
	}
	return labels
}

func labelsRule(d *draft) {
	labels := TaskLabels(d.in.Task)
	d.each(func(name string, s *types.ServiceConfig) {
		s.Labels = d.label(s.Labels, labels, "services", name)
		for i, v := range s.Volumes { // a volume without a name gets what its mount says
			if v.Volume != nil && len(v.Volume.Labels) > 0 {
				v.Volume.Labels = types.Mapping(d.label(types.Labels(v.Volume.Labels), nil, "services", name, "volumes", strconv.Itoa(i), "volume"))
			}
		}
	})
	for _, name := range d.p.NetworkNames() {
		n := d.p.Networks[name]
		if n.External {
			continue
		}
		n.Labels = d.label(n.Labels, labels, "networks", name)
		d.p.Networks[name] = n
	}
	for _, name := range d.p.VolumeNames() {
		v := d.p.Volumes[name]
		if v.External {
			continue
		}
		v.Labels = d.label(v.Labels, volumeLabels(d.in.Task), "volumes", name)
		d.p.Volumes[name] = v
	}
}

func volumeLabels(t Task) map[string]string {
	labels := TaskLabels(t)
	if t.KeepVolumes {
		labels[LabelKeep] = "volume"
	}
	return labels
}

// evidence are the labels by which pods are found, judged and removed. None of
// them is a compose file's to say, also not where the task says nothing.
func evidence() []string {
	return []string{
		LabelTaskID, LabelExecutorID, LabelFront, LabelTask, LabelExecutor, LabelFramework, LabelPod,
		LabelLease, LabelBoot, LabelPID, LabelStart, LabelHash, LabelVersion, LabelKeep, LabelKeepFailed,
	}
}

// Labels are the keys of all labels that mean something to dce.
func Labels() []string { return append(evidence(), LabelInfra) }

// FromImage reports whether labels name the pod and the process that those of the
// container's image name, whatever else they say. An image has such labels when it
// was committed from a pod's container, and whoever runs it by hand, or by dce-go,
// runs no pod of dce's: the containers of one have a pod, a lease and a process of
// their own. Of dce-go's pods the task and the executor are all there is.
func FromImage(labels, image map[string]string) bool {
	says, inherited := compared(labels, image, LabelPod, LabelLease, LabelPID, LabelStart)
	if !says {
		says, inherited = compared(labels, image, LabelTaskID, LabelExecutorID)
	}
	return says && inherited
}

// compared reports whether labels have any of the keys, and whether an image has
// the same for all that they have.
func compared(labels, image map[string]string, keys ...string) (says, same bool) {
	same = true
	for _, key := range keys {
		value, ok := labels[key]
		if !ok {
			continue
		}
		inherited, has := image[key]
		says, same = true, same && has && inherited == value
	}
	return says, same
}

// label adds the task's labels; they win, since tools find pods by them.
func (d *draft) label(have types.Labels, add map[string]string, path ...string) types.Labels {
	if have == nil {
		have = types.Labels{}
	}
	for _, key := range evidence() {
		if _, forged := have[key]; forged && add[key] == "" {
			delete(have, key)
			d.changed("is not a compose file's to say", append(clone(path), "labels", key)...)
		}
	}
	for _, key := range sortedKeys(add) {
		if have[key] == add[key] {
			continue
		}
		have[key] = add[key]
		d.changed("tells whose it is", append(clone(path), "labels", key)...)
	}
	return have
}
