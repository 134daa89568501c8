package executor

import (
	"fmt"
	"strings"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/health"
	"dce/internal/mesos"
	"dce/internal/pod"
)

// view is what of a pod's reports depends on its task.
type view struct {
	taskID string
	// checked says that the framework wants to know of the pod's health: by its
	// own check, or because it lets Docker's healthchecks stand for it.
	checked bool
	// container and labels go into the report of a running pod: where it can be
	// reached.
	container *v1.ContainerStatus
	labels    []v1.Label
	// judged says that the framework's own check is run by the executor: then its
	// verdict counts, and there is none before the first result.
	judged  bool
	verdict *health.Verdict
	// check is the result of the framework's check of the task's status, nil
	// without one.
	check *v1.CheckStatusInfo
	// redactor takes the values of secrets out of messages.
	redactor redactor
}

// update is what an agent is to be told about a pod, after what it was when it
// was told of last, and whether there is anything to tell. TASK_STARTING is not
// among it: that goes out before there is a pod.
func (v view) update(was pod.State, p pod.Pod) (mesos.Update, bool) {
	u := mesos.Update{TaskID: v.taskID, Check: v.check}
	switch p.State {
	case pod.Running:
		u.State, u.Container, u.Labels = v1.TASK_RUNNING, v.container, v.labels
		u.Healthy = v.health(p)
		if was == pod.Running && u.Healthy != nil { // as Mesos' own executors (mesos-wire: marathon-tcp)
			u.Reason = v1.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum()
		}
		return u, true
	case pod.Aborting, pod.Stopping:
		if p.Outcome != pod.Killed {
			return u, false
		}
		u.State, u.Message = v1.TASK_KILLING, v.redactor.text(p.Reason.String())
		return u, true
	case pod.Finished, pod.Failed, pod.Killed:
		u.State, u.Reason, u.Message = terminal(p), reason(p), v.redactor.text(message(p))
		if unhealthy := p.Reason.Cause == pod.CauseUnhealthy; unhealthy {
			healthy := false
			u.Healthy = &healthy
		}
		return u, true
	case pod.Idle, pod.Staging, pod.Starting:
	}
	return u, false
}

// health is nil where nobody asked and nothing checks.
func (v view) health(p pod.Pod) *bool {
	if v.judged {
		if v.verdict == nil {
			return nil
		}
		return &v.verdict.Healthy
	}
	checked := v.checked
	for _, c := range p.Containers {
		checked = checked || c.Healthcheck
	}
	if !checked {
		return nil
	}
	healthy := p.Healthy()
	return &healthy
}

func terminal(p pod.Pod) v1.TaskState {
	switch p.State {
	case pod.Finished:
		return v1.TASK_FINISHED
	case pod.Killed:
		return v1.TASK_KILLED
	default:
		return v1.TASK_FAILED
	}
}

// reason is the one of Mesos' reasons that fits, nil where none does: there is
// none for a program that exits.
func reason(p pod.Pod) *v1.TaskStatus_Reason {
	switch p.Reason.Cause {
	case pod.CauseOOM:
		return v1.REASON_CONTAINER_LIMITATION_MEMORY.Enum()
	case pod.CauseUnhealthy:
		return v1.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum()
	case pod.CausePrepare, pod.CauseStart, pod.CauseLaunchTime:
		return v1.REASON_CONTAINER_LAUNCH_FAILED.Enum()
	case pod.CauseKill:
		if !p.Started {
			return v1.REASON_TASK_KILLED_DURING_LAUNCH.Enum()
		}
		return nil
	default:
		return nil
	}
}

// suspicion is what a pod may have ended by that has not ended by itself: an
// engine that is being stopped ends all containers, and answers until it has
// (dockerd 20.10 without live-restore), so that it is not known yet.
func suspicion(p pod.Pod) string {
	const why = "the Docker engine is stopped without live-restore (journalctl -u docker on the agent)"
	switch p.Reason.Cause {
	case pod.CauseInfra:
		return "\nit does not end by itself: somebody stopped it, or " + why
	case pod.CauseAllExited:
		if within, ok := together(p); ok {
			return fmt.Sprintf("\nall ended within %s, as they do when %s", within, why)
		}
	default:
	}
	return ""
}

// together reports whether several services have ended at once, and within what
// time.
func together(p pod.Pod) (within time.Duration, ok bool) {
	var first, last time.Time
	ended := 0
	for _, c := range p.Containers {
		if c.Service == p.Rules.Infra || c.EndedAt.IsZero() {
			continue
		}
		if ended++; ended == 1 || c.EndedAt.Before(first) {
			first = c.EndedAt
		}
		if c.EndedAt.After(last) {
			last = c.EndedAt
		}
	}
	within = last.Sub(first)
	return within.Round(time.Millisecond), ended > 1 && within < time.Second
}

// message is the reason in words, with what helps to understand it. The session
// cuts it at the length that Marathon keeps.
func message(p pod.Pod) string {
	var b strings.Builder
	b.WriteString(p.Reason.String())
	b.WriteString(suspicion(p))
	if h := strings.TrimSpace(p.Evidence.Health); h != "" {
		fmt.Fprintf(&b, "\nits last health check said: %s", h)
	}
	if len(p.Evidence.Logs) > 0 {
		fmt.Fprintf(&b, "\nits last lines:\n  %s", strings.Join(p.Evidence.Logs, "\n  "))
	}
	if p.StopErr != "" {
		fmt.Fprintf(&b, "\nand stopping it went wrong: %s", p.StopErr)
	}
	return b.String()
}
