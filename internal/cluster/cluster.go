// Package cluster deploys a pod to a framework: what would change (Plan), the
// change itself, following it until it is healthy or has failed (Watch, a pure
// state machine), and the way back. The command line calls it; a framework's
// own package (cluster/marathon) is a Scheduler. It never prints, and knows
// nothing of HTTP.
package cluster

import (
	"context"
	"encoding/json"
	"time"
)

// Scheduler is a framework as this package sees it. Its errors are diagnostics
// where a person can act.
type Scheduler interface {
	// Current is the app as it is wanted now, nil where there is none.
	Current(ctx context.Context) (*Release, error)
	// Apply makes the app be that of the release. An answer that was lost has been
	// looked up when it returns.
	Apply(ctx context.Context, r Release, o ApplyOptions) (Deployment, error)
	// Observe tells how the app stands at the moment.
	Observe(ctx context.Context) (Observation, error)
	// Events calls do for what happens to the app, until ctx ends. Some may be
	// lost: they are a help beside Observe.
	Events(ctx context.Context, do func(Event))
}

// Remover is a scheduler that can remove an app, too.
type Remover interface {
	Scheduler
	// Destroy removes the app with all its instances. An answer that was lost has
	// been looked up when it returns.
	Destroy(ctx context.Context, force bool) (Deployment, error)
}

// Release is one version of an app: what it consists of, and who made it.
type Release struct {
	// Version is the scheduler's name for it, empty for one that is not deployed.
	Version string
	// Instances is how many there are to be.
	Instances int
	// Settings are the app's, normalised: the same settings mean the same app.
	// What says who deployed it is not among them.
	Settings map[string]string
	// Services are the pod's containers by name, each flat: "image",
	// "environment.LOG_LEVEL".
	Services map[string]map[string]string
	Origin   Origin
	// Definition is the app in the scheduler's own form.
	Definition json.RawMessage
}

// Origin says where a release comes from.
type Origin struct {
	By      string    `json:"by,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Message string    `json:"message,omitempty"`
	// Digest is that of the bundle.
	Digest string `json:"digest,omitempty"`
	// Replaces is the version that failed, where this release was deployed to get
	// back from it.
	Replaces string `json:"replaces,omitempty"`
	// Images are the references of the services' images.
	Images map[string]string `json:"images,omitempty"`
}

// ApplyOptions say how a release is deployed.
type ApplyOptions struct {
	// Over is the version that must be the current one, empty for no app at all:
	// otherwise somebody has deployed meanwhile.
	Over string
	// Force replaces a deployment that is going on.
	Force bool
}

// Deployment is a change that the scheduler carries out.
type Deployment struct {
	ID string `json:"id"`
	// Version is that of the app when it is done.
	Version string `json:"version"`
	// Failed is the instance that failed last before it began, empty for none:
	// where the deployment only scales, it is of the same version.
	Failed string `json:"-"`
}

// Observation is how an app stands.
type Observation struct {
	// Version is the one that is wanted, Wanted how many instances of it. Config is
	// what their own version is then: scaling makes a new version of an app, but
	// not of its instances.
	Version string
	Config  string
	Wanted  int
	// Instances are those that exist, of whatever version.
	Instances []Instance
	// Deployments are the ids of those that are going on.
	Deployments []string
	// Waiting tells why instances are not launched, nil where none waits.
	Waiting *Waiting
	// Failure is the last one that the scheduler knows of.
	Failure *Failure
}

// Ready counts the instances of the wanted version that are ready.
func (o Observation) Ready() int {
	n := 0
	for _, i := range o.Instances {
		if i.Version == o.Config && i.State == Ready {
			n++
		}
	}
	return n
}

// Healthy says that all instances that are wanted are ready, or all gone where
// none is, and that nothing is going on.
func (o Observation) Healthy() bool { return len(o.Deployments) == 0 && o.has(o.Wanted) }

// has says that so many instances are ready, or, for none, that all are gone.
func (o Observation) has(wanted int) bool {
	if wanted == 0 {
		return len(o.Instances) == 0
	}
	return o.Ready() >= wanted
}

// InstanceState is how far an instance is.
type InstanceState string

// The states of an instance, in the order in which it goes through them.
const (
	Staging   InstanceState = "staging"   // the agent fetches files and starts the executor
	Pulling   InstanceState = "pulling"   // images are pulled
	Starting  InstanceState = "starting"  // containers are started
	Checking  InstanceState = "checking"  // it runs, and its health is not known yet
	Ready     InstanceState = "ready"     // it runs, and is healthy where that is checked
	Unhealthy InstanceState = "unhealthy" // it runs, and is not healthy any more
	Ending    InstanceState = "ending"    // it is being stopped
	Lost      InstanceState = "lost"      // its agent does not answer
)

// Instance is one pod of an app.
type Instance struct {
	ID      string        `json:"id"`
	Version string        `json:"version"`
	Host    string        `json:"host"`
	Agent   string        `json:"agent"`
	State   InstanceState `json:"state"`
	Since   time.Time     `json:"since,omitzero"`
	Ports   []int         `json:"ports,omitempty"`
	// Note is what is known beside the state, in words.
	Note string `json:"note,omitempty"`
}

// Waiting tells why instances are not launched.
type Waiting struct {
	Count int       `json:"count"`
	Since time.Time `json:"since,omitzero"`
	// Why is the reason in words.
	Why string `json:"why"`
}

// Failure is an instance that failed.
type Failure struct {
	Instance string    `json:"instance"`
	Version  string    `json:"version"`
	Host     string    `json:"host"`
	Agent    string    `json:"agent,omitempty"`
	State    string    `json:"state"`
	Message  string    `json:"message"`
	At       time.Time `json:"at,omitzero"`
}

// Event is something that happened to the app. A zero Event only says that
// asking is worth it.
type Event struct {
	// Failure is an instance that has failed, nil for none.
	Failure *Failure
	// Ended is the id of a deployment that has ended; Cancelled, in words, why it
	// has not reached its goal.
	Ended     string
	Cancelled string
}
