package pod

import "time"

// Event is something that happened to a pod or was asked of it.
type Event interface{ event() }

// Launch asks for the pod to be brought up. At is now.
type Launch struct{ At time.Time }

// Prepared says that checks, pulls and builds have ended; Err is empty when
// all went well.
type Prepared struct{ Err string }

// Started says that the engine's work of creating and starting has returned.
type Started struct{ Err string }

// Observed is the engine's word on one container: an event, or a row of the
// list that is read after every (re)connection. It is the whole of what is
// known: a running container's Healthcheck must be right. Times are the
// engine's.
type Observed struct{ Container Container }

// Listed ends a full list of the pod's containers: what it does not name is
// gone. Names are container names.
type Listed struct{ Names []string }

// Kill asks for the end. Grace bounds the whole stop, zero means no bound of
// its own (Rules.StopTimeout then). By says who asked, for the reason. Asking
// again with a shorter grace shortens the stop.
type Kill struct {
	Grace time.Duration
	By    string
	// Now kills without any grace: the second Ctrl-C.
	Now bool
}

// Unfit says that a check from outside has found the pod unfit to run on:
// Message is what it found. A pod that does not run yet is not judged.
type Unfit struct{ Message string }

// EngineLost says that the engine is out of reach.
type EngineLost struct{ Err string }

// EngineBack says that the engine answers again; a full list follows.
type EngineBack struct{}

// TimedOut says that a timer set by an effect has run out.
type TimedOut struct{ Timer Timer }

// Stopped says that no process of the pod runs and no port is held, or what
// kept that from being so.
type Stopped struct {
	Err      string
	Evidence Evidence
	// Away: the engine was out of reach by then, or took no new calls.
	Away bool
}

// Removed says that what was to be removed is gone, or what was left.
type Removed struct{ Err string }

func (Launch) event()     {}
func (Prepared) event()   {}
func (Started) event()    {}
func (Observed) event()   {}
func (Listed) event()     {}
func (Kill) event()       {}
func (Unfit) event()      {}
func (EngineLost) event() {}
func (EngineBack) event() {}
func (TimedOut) event()   {}
func (Stopped) event()    {}
func (Removed) event()    {}

// Timer names a timer of a pod. Setting one that runs sets it anew.
type Timer string

// The timers.
const (
	TimerLaunch Timer = "launch"
	TimerEngine Timer = "engine"
)

// Effect is something to be done because of an event. The supervisor does it
// aside and posts its result as an event.
type Effect interface{ effect() }

// Prepare checks, pulls and builds; it posts Prepared.
type Prepare struct{}

// Start creates and starts every container; it posts Started.
type Start struct{}

// Cancel tells the work under way to return soon; it still posts its event.
type Cancel struct{}

// Stop ends every process of the pod within By (zero: the services' graces;
// AtOnce: without any)
// and gathers evidence of the container named, if any; it posts Stopped.
type Stop struct {
	By       time.Duration
	Evidence string
}

// Hasten bounds the stop under way, or the one that begins when the work under
// way has returned: By is what is left from now on. It never prolongs.
type Hasten struct{ By time.Duration }

// Remove removes what is left, or nothing of it when Keep; it posts Removed.
type Remove struct{ Keep bool }

// Report tells the front where the pod stands now.
type Report struct{ State State }

// SetTimer starts a timer, which posts TimedOut when it runs out.
type SetTimer struct {
	Timer Timer
	After time.Duration
}

// ClearTimer stops a timer, if it runs.
type ClearTimer struct{ Timer Timer }

// Exit ends the supervision: the pod's life is over.
type Exit struct{}

func (Prepare) effect()    {}
func (Start) effect()      {}
func (Cancel) effect()     {}
func (Stop) effect()       {}
func (Hasten) effect()     {}
func (Remove) effect()     {}
func (Report) effect()     {}
func (SetTimer) effect()   {}
func (ClearTimer) effect() {}
func (Exit) effect()       {}
