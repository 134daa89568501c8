package pod

import (
	"fmt"
	"math"
	"time"
)

// String is the reason as a person reads it: `service web exited with code 3
// after 2m10s`. Every front says it in these words.
func (r Reason) String() string {
	switch r.Cause {
	case CauseExit:
		return r.who() + " exited with code " + fmt.Sprint(r.ExitCode) + r.after()
	case CauseOOM:
		return r.outOfMemory() + r.after()
	case CauseUnhealthy:
		if r.Message != "" {
			return r.with("the task's health check failed")
		}
		return r.who() + " became unhealthy" + r.after()
	case CauseInfra:
		return "the infra container, which holds the pod's network, ended" + r.after()
	case CauseAllExited:
		return "every service has ended, and a service pod must keep running"
	case CauseRemoved:
		return r.who() + " was removed by someone else"
	case CausePrepare:
		return r.with("preparing the pod failed")
	case CauseStart:
		return r.with("starting the pod failed")
	case CauseLaunchTime:
		return "not running" + r.within() + r.waitingFor()
	case CauseEngine:
		return "the Docker engine was out of reach" + r.forTime()
	case CauseEngineRestart:
		return "the Docker engine was restarted, which stopped the pod's containers"
	case CauseKill:
		return r.killed()
	case CauseJobFinished:
		return "every service of the job exited with code 0"
	case CauseNone:
	}
	return r.Message
}

// who names the service, or the container of a service not known.
func (r Reason) who() string {
	switch {
	case r.Service != "":
		return "service " + r.Service
	case r.Container != "":
		return "container " + r.Container
	}
	return "a container"
}

// outOfMemory names the limit that was met. A service without one has met that of
// the whole pod, whose number every service shares.
func (r Reason) outOfMemory() string {
	if r.Memory <= 0 {
		return r.who() + ", which has no memory limit of its own, was OOM-killed"
	}
	return r.who() + " was OOM-killed at its limit of " + size(r.Memory)
}

func (r Reason) after() string {
	if r.After <= 0 {
		return ""
	}
	return " after " + short(r.After)
}

func (r Reason) within() string {
	if r.After <= 0 {
		return " in time"
	}
	return " within " + short(r.After)
}

func (r Reason) forTime() string {
	if r.After <= 0 {
		return " for too long"
	}
	return " for " + short(r.After)
}

func (r Reason) waitingFor() string {
	if r.Service == "" {
		return ""
	}
	return ": service " + r.Service + " was not ready"
}

func (r Reason) with(what string) string {
	if r.Message == "" {
		return what
	}
	return what + ": " + r.Message
}

func (r Reason) killed() string {
	if r.Message == "" {
		return "stopped on request"
	}
	return "stopped by " + r.Message
}

// short is a time as a person says it: three digits at most below a minute,
// whole seconds above.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// size is a number of bytes as a person says it.
func size(bytes int64) string {
	const mebi, gibi = 1 << 20, 1 << 30
	if bytes%gibi == 0 {
		return fmt.Sprintf("%d GiB", bytes/gibi)
	}
	return fmt.Sprintf("%g MiB", math.Round(float64(bytes)/mebi*10)/10)
}
