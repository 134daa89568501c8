// Package pod is a pod's life as data: states, events, effects, and one pure
// function from one to the next. It decides; the supervisor acts. It reads no
// clock (events carry their time), starts nothing and imports nothing of dce.
//
//	         Launch           Prepared          Started and ready
//	idle ------------> staging -------> starting ---------------> running
//	                      |                |                         |
//	   Kill, failure,     |                |                         | Kill, failure,
//	   launch deadline    v                v                         | all exited
//	                   aborting <----------+                         |
//	                      |                                          |
//	                      | the work under way has returned          |
//	                      v                                          v
//	                   stopping <------------------------------------+
//	                      |
//	                      | Stopped: no process runs, no port is held
//	                      v
//	         finished | failed | killed   --Removed--> over
//
// A start that is told to stop must return before the stop begins: the engine
// finishes creating a container after its caller has gone, and a stop that has
// listed the containers by then leaks it (reference/compose.md section 5f).
package pod

import "time"

// State is where a pod stands in its life.
type State string

// The states. The last three are terminal: a pod that reached one has no
// running process and holds no port.
const (
	Idle     State = "idle"
	Staging  State = "staging"
	Starting State = "starting"
	Running  State = "running"
	Aborting State = "aborting"
	Stopping State = "stopping"
	Finished State = "finished"
	Failed   State = "failed"
	Killed   State = "killed"
)

// Terminal reports whether nothing but removal comes after this state.
func (s State) Terminal() bool { return s == Finished || s == Failed || s == Killed }

// Rules are the choices that change how a pod lives. The zero value is a
// service pod without time limits.
type Rules struct {
	// Job: the pod finishes when every service has exited 0.
	Job bool
	// Infra is the service whose end is the pod's end and whose running does not
	// keep a pod alive. Empty: the pod has none.
	Infra string
	// Expect is how many containers each service has, infra among them: a pod
	// runs when all of them were seen.
	Expect map[string]int
	// Memory is the memory limit of each service that has one of its own, in bytes.
	Memory map[string]int64
	// RunningAtStart reports running as soon as everything was started, healthy
	// or not. By default a pod runs when every healthcheck is healthy.
	RunningAtStart bool
	// Tolerate: a service that fails or becomes unhealthy ends nothing as long as
	// another one lives (`--abort-on-exit never`).
	Tolerate bool
	// AbortOnExit: any exit, also with 0, ends the pod (`--abort-on-exit any`).
	AbortOnExit bool
	// LaunchTimeout bounds idle to running; zero is no bound.
	LaunchTimeout time.Duration
	// EngineTimeout bounds how long the engine may be out of reach; zero is no bound.
	EngineTimeout time.Duration
	// StopTimeout bounds the whole stop where a Kill brings no bound of its own;
	// zero leaves it to the services' own graces.
	StopTimeout time.Duration
	// KeepFailed leaves the containers of a failed pod for inspection; Keep those
	// of any pod.
	KeepFailed bool
	Keep       bool
}

// Container is what is known of one container of the pod.
type Container struct {
	Service string
	Name    string
	State   ContainerState
	// Healthcheck says that it has one; Health is its last result.
	Healthcheck bool
	Health      Health
	ExitCode    int
	OOMKilled   bool
	StartedAt   time.Time
	EndedAt     time.Time
}

// ContainerState is the engine's word on a container.
type ContainerState string

// The container states that matter to a pod.
const (
	Created ContainerState = "created"
	Up      ContainerState = "running"
	Exited  ContainerState = "exited"
	Gone    ContainerState = "gone" // removed by someone else
)

// Health is the result of a container's healthcheck.
type Health string

// The healths. The empty one is that of a container that was not yet checked.
const (
	HealthStarting Health = "starting"
	Healthy        Health = "healthy"
	Unhealthy      Health = "unhealthy"
)

// Cause is the kind of thing that ended a pod.
type Cause string

// The causes.
const (
	CauseNone          Cause = ""
	CauseExit          Cause = "exit"           // a service ended, and that ends the pod
	CauseOOM           Cause = "oom"            // a container was killed at its memory limit
	CauseUnhealthy     Cause = "unhealthy"      // a healthcheck failed
	CauseInfra         Cause = "infra"          // the holder of the pod's network died
	CauseAllExited     Cause = "all_exited"     // a service pod with nothing left to run
	CauseRemoved       Cause = "removed"        // somebody removed a container
	CausePrepare       Cause = "prepare"        // checks, pull or build failed
	CauseStart         Cause = "start"          // the engine could not start it
	CauseLaunchTime    Cause = "launch_time"    // not running in time
	CauseEngine        Cause = "engine"         // the engine was out of reach for too long
	CauseEngineRestart Cause = "engine_restart" // the engine was away, and has ended the containers
	CauseKill          Cause = "kill"           // somebody asked for the end
	CauseJobFinished   Cause = "job_finished"   // every service of a job exited 0
)

// Reason is why a pod ended: the first thing that went wrong, or who asked.
type Reason struct {
	Cause     Cause
	Service   string
	Container string
	ExitCode  int
	// Memory is the limit of the service that was OOM-killed, in bytes; zero is none
	// of its own.
	Memory int64
	// After is how long the container lived, zero when not known.
	After time.Duration
	// Message is text from below: the engine's error, or who asked for the kill.
	Message string
}

// Pod is all that is known of a pod. Only Next makes a new one.
type Pod struct {
	State      State
	Rules      Rules
	Containers map[string]Container // by name
	// Started says that every container was started once.
	Started bool
	// Busy is the work under way that must return before a stop may begin.
	Busy bool
	// Outcome is the terminal state this pod is on its way to, once known.
	Outcome State
	Reason  Reason
	// StopBy is how long the stop may take in all; zero is as long as it needs,
	// AtOnce leaves no grace.
	StopBy time.Duration
	// StopErr is what went wrong while stopping, empty when nothing did.
	StopErr string
	// EngineLost says that the engine is out of reach.
	EngineLost bool
	// Returning says that it answers again and has not yet listed everything;
	// HealthyBefore is whether the pod was healthy when it was lost.
	Returning     bool
	HealthyBefore bool
	// LostAtStop says that the engine went out of reach while the pod was stopping.
	LostAtStop bool
	// Evidence is what was gathered of the failure: log lines, health output.
	Evidence Evidence
	Removed  bool
}

// Evidence is what helps a person to understand a failure.
type Evidence struct {
	// Logs are the last lines of the container that failed, oldest first.
	Logs []string
	// Health is the output of its last healthcheck.
	Health string
}

// AtOnce bounds a stop that leaves no service any grace.
const AtOnce = time.Nanosecond

// Healthy reports whether every running container with a healthcheck passes it.
func (p Pod) Healthy() bool {
	for _, c := range p.Containers {
		if c.State == Up && c.Healthcheck && c.Health != Healthy {
			return false
		}
	}
	return true
}
