// Package marathon speaks with a Marathon: a small client of its REST API and
// event stream, what its answers mean for a deployment, and the way to the logs
// of its tasks. It is a cluster.Scheduler for one app. What is said of Marathon
// here was read in its source; where it differs between versions, both are
// taken.
package marathon

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"dce/internal/cluster"
	"dce/internal/wait"
)

// Scheduler is one app of a Marathon.
type Scheduler struct {
	Client *Client
	// ID is the app's, with a slash in front.
	ID string
	// Sandbox tells how far an instance is that does not run yet; nil asks nobody.
	Sandbox func(ctx context.Context, t Task) (cluster.InstanceState, string)
	// Explain makes a diagnostic of what Marathon says to a definition; nil passes
	// it on.
	Explain func(e *Error) error
}

// Current implements cluster.Scheduler.
func (s *Scheduler) Current(ctx context.Context) (*cluster.Release, error) {
	now, _, err := s.current(ctx)
	return now, err
}

// current is the app, nil where there is none, with its last failure.
func (s *Scheduler) current(ctx context.Context) (*cluster.Release, *TaskFailure, error) {
	status, err := s.Client.App(ctx, s.ID)
	if Missing(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, s.problem(err)
	}
	now, err := ReadRelease(status.Definition)
	return now, status.LastTaskFailure, err
}

// Versions are the versions of the app, newest first.
func (s *Scheduler) Versions(ctx context.Context) ([]string, error) {
	versions, err := s.Client.Versions(ctx, s.ID)
	return versions, s.problem(err)
}

// Version is one of the versions of the app.
func (s *Scheduler) Version(ctx context.Context, version string) (*cluster.Release, error) {
	definition, err := s.Client.Version(ctx, s.ID, version)
	if err != nil {
		return nil, s.problem(err)
	}
	return ReadRelease(definition)
}

// sendAgain is how often a change is sent whose answer was lost and which has
// not been done.
const sendAgain = 3

// Apply implements cluster.Scheduler.
func (s *Scheduler) Apply(ctx context.Context, r cluster.Release, o cluster.ApplyOptions) (cluster.Deployment, error) {
	definition, err := definitionOf(r)
	if err != nil {
		return cluster.Deployment{}, err
	}
	failed, err := s.unchanged(ctx, o.Over)
	if err != nil {
		return cluster.Deployment{}, err
	}
	d, err := s.untilKnown(ctx, change{
		send:    func() (cluster.Deployment, error) { return s.send(ctx, definition, o) },
		lookUp:  func(ctx context.Context) (cluster.Deployment, bool, error) { return s.lookUp(ctx, definition, o.Over) },
		refused: func(err error) error { return s.applied(ctx, err, o) },
	})
	d.Failed = failed
	return d, err
}

// change is a change of the app: how it is sent, found again where its answer was
// lost, and put into words where it is refused.
type change struct {
	send    func() (cluster.Deployment, error)
	lookUp  func(ctx context.Context) (d cluster.Deployment, done bool, err error)
	refused func(err error) error
}

// untilKnown sends a change, again where its answer was lost and it was not done.
// One that is refused then may be refused for the first, which was done late.
func (s *Scheduler) untilKnown(ctx context.Context, c change) (cluster.Deployment, error) {
	var lost *LostError
	for n := 1; ; n++ {
		d, err := c.send()
		again, isLost := errors.AsType[*LostError](err)
		if !isLost && (lost == nil || !IsStatus(err, http.StatusConflict) && !Missing(err)) {
			return d, c.refused(err)
		}
		lost = cmp.Or(again, lost)
		d, done, look := s.became(ctx, c)
		switch {
		case look != nil:
			return d, unknownOutcome(lost, look)
		case done:
			return d, nil
		case !isLost:
			return d, c.refused(err)
		case n == sendAgain || ctx.Err() != nil:
			return d, s.problem(lost)
		}
	}
}

// became finds out what became of a change. Marathon may be at it still, so what
// was not done is looked up again a little later.
func (s *Scheduler) became(ctx context.Context, c change) (cluster.Deployment, bool, error) {
	looking := context.WithoutCancel(ctx)
	d, done, err := c.lookUp(looking)
	if done || err != nil {
		return d, done, err
	}
	wait.For(ctx, s.Client.pause())
	return c.lookUp(looking)
}

// unchanged refuses when the current version is not the one that the change was
// planned over. Marathon itself knows no such condition; what happens between
// this question and the change is seen as a lock or a version of somebody else.
// It gives the instance that failed last.
func (s *Scheduler) unchanged(ctx context.Context, over string) (failed string, err error) {
	now, failure, err := s.current(ctx)
	switch {
	case err != nil:
		return "", err
	case now == nil && over != "":
		return "", goneSince(s.ID, over)
	case now != nil && now.Version != over:
		return "", changedSince(s.ID, over, now)
	case failure != nil:
		return failure.TaskID, nil
	}
	return "", nil
}

func (s *Scheduler) send(ctx context.Context, definition any, o cluster.ApplyOptions) (cluster.Deployment, error) {
	var c Changed
	var err error
	if o.Over == "" {
		c, err = s.Client.Create(ctx, definition)
	} else {
		c, err = s.Client.Put(ctx, s.ID, definition, o.Force)
	}
	return cluster.Deployment{ID: c.DeploymentID, Version: c.Version}, err
}

// applied makes a person's words of a change that was refused.
func (s *Scheduler) applied(ctx context.Context, err error, o cluster.ApplyOptions) error {
	refused, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return s.problem(err)
	case refused.Status == http.StatusConflict && o.Over == "" && len(refused.Deployments) == 0:
		now, look := s.Current(ctx)
		if look != nil || now == nil {
			return s.problem(err)
		}
		return changedSince(s.ID, "", now)
	case refused.Status == http.StatusConflict:
		return s.locked(ctx, refused)
	case s.Explain != nil && (refused.Status == http.StatusUnprocessableEntity || refused.Status == http.StatusBadRequest):
		return s.Explain(refused)
	}
	return s.problem(err)
}

// lookTime bounds looking for what became of a change.
const lookTime = 30 * time.Second

// lookUp finds out whether a change was done whose answer was lost: then the
// app is as it was sent, and has another version.
func (s *Scheduler) lookUp(ctx context.Context, definition map[string]any, over string) (cluster.Deployment, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	status, err := s.Client.App(ctx, s.ID)
	switch {
	case Missing(err):
		return cluster.Deployment{}, false, nil
	case err != nil:
		return cluster.Deployment{}, false, err
	case status.Version == over:
		return cluster.Deployment{}, false, nil
	}
	same, err := sameDefinition(definition, status.Definition)
	if err != nil {
		return cluster.Deployment{}, false, err
	}
	if !same {
		now, err := ReadRelease(status.Definition)
		if err == nil {
			err = changedSince(s.ID, over, now)
		}
		return cluster.Deployment{}, false, err
	}
	d := cluster.Deployment{Version: status.Version}
	deployments, err := s.Client.DeploymentsOf(ctx, s.ID)
	for _, going := range deployments {
		if going.Version == status.Version {
			d.ID = going.ID
		}
	}
	return d, true, err
}

func sameDefinition(sent map[string]any, found json.RawMessage) (bool, error) {
	data, err := json.Marshal(sent)
	if err != nil {
		return false, fmt.Errorf("encoding the app: %w", err)
	}
	a, err := Normalise(data)
	if err != nil {
		return false, err
	}
	b, err := Normalise(found)
	if err != nil {
		return false, err
	}
	withoutChosen(b, a, false) // both have the same labels, or are not the same
	return equal(a, b), nil
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			return false
		}
	}
	return true
}

// Steps asks Marathon what it would do, in its own words.
func (s *Scheduler) Steps(ctx context.Context, r cluster.Release) ([]string, error) {
	fields, err := definitionOf(r)
	if err != nil {
		return nil, err
	}
	definition, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encoding the app: %w", err)
	}
	steps, err := s.Client.DryRun(ctx, s.ID, definition)
	if refused, ok := errors.AsType[*Error](err); ok && s.Explain != nil && refused.Status == http.StatusUnprocessableEntity {
		return nil, s.Explain(refused)
	}
	if err != nil {
		return nil, s.problem(err)
	}
	var lines []string
	for _, actions := range steps {
		var words []string
		for _, a := range actions {
			words = append(words, actionWords(a))
		}
		lines = append(lines, strings.Join(words, ", "))
	}
	return lines, nil
}

func actionWords(a Action) string {
	verbs := map[string]string{
		"StartApplication": "create", "StopApplication": "remove", "ScaleApplication": "scale", "RestartApplication": "replace the instances of",
		"ResolveArtifacts": "fetch the artifacts of",
	}
	if v, ok := verbs[a.Action]; ok {
		return v + " " + a.App
	}
	return a.Action + " " + a.App
}

// Destroy implements cluster.Remover.
func (s *Scheduler) Destroy(ctx context.Context, force bool) (cluster.Deployment, error) {
	return s.untilKnown(ctx, change{
		send: func() (cluster.Deployment, error) {
			c, err := s.Client.Destroy(ctx, s.ID, force)
			return cluster.Deployment{ID: c.DeploymentID, Version: c.Version}, err
		},
		lookUp:  s.lookUpGone,
		refused: func(err error) error { return s.applied(ctx, err, cluster.ApplyOptions{Over: "any"}) },
	})
}

// lookUpGone finds out whether the app was removed: it is gone at once, and the
// deployment that stops its instances goes on.
func (s *Scheduler) lookUpGone(ctx context.Context) (cluster.Deployment, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	_, err := s.Client.App(ctx, s.ID)
	if !Missing(err) {
		return cluster.Deployment{}, false, err
	}
	going, err := s.Client.DeploymentsOf(ctx, s.ID)
	if err != nil || len(going) == 0 {
		return cluster.Deployment{}, true, err
	}
	last := going[len(going)-1]
	return cluster.Deployment{ID: last.ID, Version: last.Version}, true, nil
}
