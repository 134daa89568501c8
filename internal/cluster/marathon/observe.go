package marathon

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"dce/internal/cluster"
)

// Observe implements cluster.Scheduler.
func (s *Scheduler) Observe(ctx context.Context) (cluster.Observation, error) {
	status, err := s.Client.App(ctx, s.ID)
	if Missing(err) {
		return s.observeGone(ctx)
	}
	if err != nil {
		return cluster.Observation{}, s.problem(err)
	}
	o := observation(status)
	if len(status.Tasks) < status.Instances || len(status.Deployments) > 0 {
		queued, err := s.Client.Queue(ctx, s.ID)
		if err != nil {
			return o, s.problem(err)
		}
		o.Waiting = waiting(queued)
	}
	s.look(ctx, status, &o)
	return o, nil
}

// observeGone looks at an app that is not there: its instances may still be, as
// long as the deployment that removes it goes on.
func (s *Scheduler) observeGone(ctx context.Context) (cluster.Observation, error) {
	going, err := s.Client.DeploymentsOf(ctx, s.ID)
	var o cluster.Observation
	for _, d := range going {
		o.Deployments = append(o.Deployments, d.ID)
	}
	return o, s.problem(err)
}

func observation(a *Status) cluster.Observation {
	o := cluster.Observation{Version: a.Version, Config: a.ConfigVersion(), Wanted: a.Instances, Failure: failure(a.LastTaskFailure)}
	for _, d := range a.Deployments {
		o.Deployments = append(o.Deployments, d.ID)
	}
	for _, t := range a.Tasks {
		i := instance(t, len(a.HealthChecks) > 0)
		i.Version = settledVersion(i.Version, o.Config)
		o.Instances = append(o.Instances, i)
	}
	if o.Failure != nil {
		o.Failure.Version = settledVersion(o.Failure.Version, o.Config)
	}
	slices.SortFunc(o.Instances, func(x, y cluster.Instance) int { return cmp.Or(x.Since.Compare(y.Since), cmp.Compare(x.ID, y.ID)) })
	return o
}

// settledVersion is the version of what an instance consists of: one that was
// started after the app was scaled has the app's newer version, and is no other
// than those before. Versions are times that sort as text.
func settledVersion(version, config string) string {
	if version >= config {
		return config
	}
	return version
}

func instance(t Task, checked bool) cluster.Instance {
	i := cluster.Instance{ID: t.ID, Version: t.Version, Host: t.Host, Agent: t.SlaveID, Since: t.StartedAt, Ports: t.Ports}
	if i.Since.IsZero() {
		i.Since = t.StagedAt
	}
	switch t.State {
	case "TASK_RUNNING":
		i.State, i.Note = health(t, checked)
	case "TASK_STARTING":
		i.State = cluster.Starting
	case "TASK_KILLING", "TASK_KILLED", "TASK_FINISHED", "TASK_FAILED", "TASK_ERROR":
		i.State = cluster.Ending
	case "TASK_UNREACHABLE", "TASK_LOST", "TASK_GONE", "TASK_DROPPED", "TASK_UNKNOWN":
		i.State = cluster.Lost
	default:
		i.State = cluster.Staging
	}
	return i
}

// health is how a task that runs stands. A check has no result before its first
// one; a result that is not alive and has never been so is one too.
func health(t Task, checked bool) (cluster.InstanceState, string) {
	if !checked {
		return cluster.Ready, ""
	}
	if len(t.HealthCheckResults) == 0 {
		return cluster.Checking, ""
	}
	for _, r := range t.HealthCheckResults {
		if !r.Alive {
			return cluster.Unhealthy, r.LastFailureCause
		}
	}
	return cluster.Ready, ""
}

func failure(f *TaskFailure) *cluster.Failure {
	if f == nil {
		return nil
	}
	return &cluster.Failure{
		Instance: f.TaskID, Version: f.Version, Host: f.Host, Agent: f.SlaveID, State: f.State, Message: f.Message, At: f.Timestamp,
	}
}

// waiting puts into words why instances are not launched.
func waiting(q *Queued) *cluster.Waiting {
	if q == nil || q.Count == 0 {
		return nil
	}
	return &cluster.Waiting{Count: q.Count, Since: q.Since, Why: whyWaiting(q)}
}

func whyWaiting(q *Queued) string {
	if left := q.Delay.TimeLeftSeconds; !q.Delay.Overdue && left > 0 {
		return fmt.Sprintf("the last one failed, so Marathon waits for %d s before the next", left)
	}
	if q.Offers.Processed == 0 {
		return "no offer came yet from Mesos (no agent is free, or none for its role)"
	}
	rejects := q.Offers.Last
	if declined(rejects) == 0 {
		rejects = q.Offers.Attempt
	}
	var reasons []string
	for _, r := range rejects {
		if r.Declined > 0 {
			reasons = append(reasons, fmt.Sprintf("%s (%d of %d)", reasonWords(r.Reason), r.Declined, r.Processed))
		}
	}
	if len(reasons) == 0 {
		return "waiting for the next offer"
	}
	return "no offer fits: " + strings.Join(reasons, ", ")
}

func declined(rejects []Reject) int {
	n := 0
	for _, r := range rejects {
		n += r.Declined
	}
	return n
}

// reasonWords are Marathon's reasons for not taking an offer, in the order in
// which it looks (reference: NoOfferMatchReason.scala).
func reasonWords(reason string) string {
	words := map[string]string{
		"UnfulfilledRole":                 "offers of another role",
		"UnfulfilledConstraint":           "a constraint does not hold",
		"NoCorrespondingReservationFound": "no reservation for it",
		"AgentMaintenance":                "agent in maintenance",
		"InsufficientCpus":                "not enough cpus",
		"InsufficientMemory":              "not enough memory",
		"InsufficientDisk":                "not enough disk",
		"InsufficientGpus":                "not enough gpus",
		"InsufficientPorts":               "not enough ports, or the ones wanted are taken",
		"DeclinedScarceResources":         "offers with scarce resources such as gpus are left for those who need them",
	}
	return cmp.Or(words[reason], reason)
}

// lookAt is how many instances that do not run yet are looked at in one go.
const lookAt = 8

// look finds out more about the instances of the wanted version that do not run
// yet. It is best effort: agents may be out of reach.
func (s *Scheduler) look(ctx context.Context, a *Status, o *cluster.Observation) {
	if s.Sandbox == nil {
		return
	}
	var group errgroup.Group
	group.SetLimit(lookAt)
	for n := range o.Instances {
		i := &o.Instances[n]
		if i.Version != o.Config || (i.State != cluster.Staging && i.State != cluster.Starting) {
			continue
		}
		t := a.Tasks[slices.IndexFunc(a.Tasks, func(t Task) bool { return t.ID == i.ID })]
		group.Go(func() error {
			if state, note := s.Sandbox(ctx, t); state != "" {
				i.State, i.Note = state, note
			}
			return nil
		})
	}
	_ = group.Wait() // nothing fails
}

// Events implements cluster.Scheduler.
func (s *Scheduler) Events(ctx context.Context, do func(cluster.Event)) {
	s.Client.Follow(ctx, func(e Event) {
		if out, ok := s.event(e); ok {
			do(out)
		}
	})
}

func (s *Scheduler) event(e Event) (cluster.Event, bool) {
	switch {
	case e.Reconnected:
		return cluster.Event{}, true
	case e.Type == "deployment_failed":
		return cluster.Event{Ended: e.ID, Cancelled: cmp.Or(e.Reason, "the deployment was cancelled")}, true
	case strings.HasPrefix(e.Type, "deployment_"):
		return cluster.Event{Ended: endedID(e)}, true
	case e.AppID != s.ID:
		return cluster.Event{}, false
	case e.Type == "status_update_event" && failed(e.TaskStatus):
		return cluster.Event{Failure: &cluster.Failure{
			Instance: e.TaskID, Version: e.Version, Host: e.Host, Agent: e.SlaveID, State: e.TaskStatus, Message: e.Message,
		}}, true
	case e.Type == "unhealthy_instance_kill_event":
		return cluster.Event{Failure: &cluster.Failure{
			Instance: cmp.Or(e.TaskID, e.InstanceID), Version: e.Version, Host: e.Host, Agent: e.SlaveID, State: "unhealthy",
			Message: "killed, since it was not healthy: " + e.Reason,
		}}, true
	}
	return cluster.Event{}, true
}

func endedID(e Event) string {
	if e.Type == "deployment_success" {
		return e.ID
	}
	return ""
}

func failed(state string) bool {
	switch state {
	case "TASK_FAILED", "TASK_ERROR", "TASK_GONE", "TASK_DROPPED", "TASK_UNKNOWN":
		return true
	}
	return false
}
