package cluster

import (
	"bytes"
	"context"
	"errors"
	"time"
)

// ErrLocked is among the causes of an Apply that another deployment has locked
// out.
var ErrLocked = errors.New("another deployment has locked the app")

// DeployOptions say how a plan is carried out.
type DeployOptions struct {
	Apply ApplyOptions
	// Detach returns as soon as the scheduler has taken the change.
	Detach bool
	// Timeout bounds the way to healthy, RollbackTimeout the way back.
	Timeout         time.Duration
	RollbackTimeout time.Duration
	// Rollback goes back to the release before when this one fails.
	Rollback bool
	// MaxFailures is how many instances may fail before the release has; 0 waits
	// for Timeout.
	MaxFailures int
	// Lock is how long another deployment is waited for that has locked the app.
	Lock   time.Duration
	Screen Screen
}

// Screen is who watches a deployment. Its methods are called from one
// goroutine.
type Screen interface {
	// Show tells of an instance.
	Show(l Line)
	// Troubled says that the cluster does not answer, nil that it does again.
	Troubled(err error)
	// Locked says that another deployment is waited for.
	Locked(err error)
	// Applied says that the scheduler has taken the change.
	Applied(d Deployment)
	// Failed says how following ended, before anything is done about it.
	Failed(w Watch)
	// Returning says that the release before is deployed again, or, where there is
	// none, that the new app is stopped.
	Returning(to *Release)
}

// Result is what a deploy came to.
type Result struct {
	Deployment Deployment
	// Watch is how it went; zero where it was not followed.
	Watch Watch
	// Back is the way back, nil where there was none.
	Back *Back
}

// Back is the way back to the release before.
type Back struct {
	// To is the version whose definition was deployed again; empty where there was
	// none, and the app was stopped.
	To         string
	Deployment Deployment
	Watch      Watch
	// Err is why it could not be begun.
	Err error
}

// Deploy makes a release the current one, follows it, and goes back to the one
// before, nil for none, where it fails. The error is of the change itself: the
// scheduler has not taken it.
func Deploy(ctx context.Context, s Scheduler, wanted Release, before *Release, o DeployOptions) (Result, error) {
	d, err := unlocked(ctx, o, func() (Deployment, error) { return s.Apply(ctx, wanted, o.Apply) })
	if err != nil {
		return Result{}, err
	}
	o.Screen.Applied(d)
	r := Result{Deployment: d}
	if o.Detach {
		return r, nil
	}
	goal := Goal{Deployment: d, Wanted: wanted.Instances, MaxFailures: o.MaxFailures, Timeout: o.Timeout}
	r.Watch = Follow(ctx, s, goal, o.follow(o.Timeout))
	if !r.Watch.failed() {
		return r, nil
	}
	o.Screen.Failed(r.Watch)
	if o.Rollback && r.Watch.End != Superseded && r.Watch.End != Cancelled {
		r.Back = back(ctx, s, wanted, before, d, o)
	}
	return r, nil
}

// Destroy removes an app, and follows that until all its instances are gone. The
// error is of the change itself.
func Destroy(ctx context.Context, s Remover, o DeployOptions) (Result, error) {
	d, err := unlocked(ctx, o, func() (Deployment, error) { return s.Destroy(ctx, o.Apply.Force) })
	if err != nil {
		return Result{}, err
	}
	o.Screen.Applied(d)
	r := Result{Deployment: d}
	if !o.Detach {
		r.Watch = Follow(ctx, s, Goal{Deployment: d, Timeout: o.Timeout}, o.follow(o.Timeout))
	}
	return r, nil
}

// lockPause is how often is tried again while another deployment goes on.
const lockPause = 2 * time.Second

// unlocked changes the cluster, and waits for whoever has locked it as long as is
// wanted.
func unlocked(ctx context.Context, o DeployOptions, change func() (Deployment, error)) (Deployment, error) {
	until := time.Now().Add(o.Lock)
	for told := false; ; told = true {
		d, err := change()
		if !errors.Is(err, ErrLocked) || !time.Now().Before(until) {
			return d, err
		}
		if !told {
			o.Screen.Locked(err)
		}
		pause, stop := after(lockPause)
		select {
		case <-ctx.Done():
			stop()
			return d, errors.Join(context.Cause(ctx), err)
		case <-pause:
		}
	}
}

func (o DeployOptions) follow(timeout time.Duration) FollowOptions {
	return FollowOptions{Timeout: timeout, Show: o.Screen.Show, Troubled: o.Screen.Troubled}
}

func (w Watch) failed() bool { return w.End != Reached && w.End != Interrupted }

// back deploys the release before again, with as many instances as ran: never
// none of an app that did. A first release that fails has nothing before it, and
// is stopped. Where only the number differs it alone is sent: with other labels,
// Marathon would replace the instances that run. Our own deployment still locks the
// app, so this replaces it; one of somebody else is left alone, since the version is
// not ours any more then.
func back(ctx context.Context, s Scheduler, failed Release, before *Release, d Deployment, o DeployOptions) *Back {
	o.Screen.Returning(before)
	target, b := failed, &Back{}
	target.Instances = 0
	if before != nil {
		target, b.To = *before, before.Version
	}
	if before != nil && !bytes.Equal(failed.Definition, before.Definition) {
		target.Origin.By, target.Origin.At = failed.Origin.By, time.Now()
		target.Origin.Replaces, target.Origin.Message = d.Version, "back from "+d.Version
	}
	b.Deployment, b.Err = s.Apply(ctx, target, ApplyOptions{Over: d.Version, Force: true})
	if b.Err != nil {
		return b
	}
	goal := Goal{Deployment: b.Deployment, Wanted: target.Instances, Timeout: o.RollbackTimeout}
	b.Watch = Follow(ctx, s, goal, o.follow(o.RollbackTimeout))
	return b
}
