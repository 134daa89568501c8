package local

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/engine"
	"dce/internal/pod"
	"dce/internal/progress"
	"dce/internal/project"
	"dce/internal/render"
	"dce/internal/supervisor"
)

// order is all that a keeper is told of one run of a pod, beside the rendered
// file in its directory.
type order struct {
	ID      string               `json:"id"`
	Dir     string               `json:"dir"`
	Hash    string               `json:"hash"`
	Ports   []render.PortMapping `json:"-"` // for the view of an attached pod
	Pull    string               `json:"pull,omitempty"`
	Build   bool                 `json:"build,omitempty"`
	NoBuild bool                 `json:"no_build,omitempty"`
	Rules   pod.Rules            `json:"rules"`
	Cgroup  cgroupPlan           `json:"cgroup"`
	Secrets map[string]string    `json:"secrets,omitempty"`
}

// outcome is what became of a run.
type outcome struct {
	State    pod.State      `json:"state"`
	Reason   pod.Reason     `json:"reason"`
	StopErr  string         `json:"stop_err,omitempty"`
	Evidence pod.Evidence   `json:"evidence"`
	Problems []problem      `json:"problems,omitempty"`
	Exits    map[string]int `json:"exits,omitempty"` // by service, of those that ended
	Kept     bool           `json:"kept,omitempty"`
}

// life is one run of a pod in this process.
type life struct {
	log    *slog.Logger
	order  order
	report func(pod.Pod) // hears where the pod stands, one call at a time
	runs   *supervisor.Supervisor
	work   *recorder
	events *os.File
}

// newLife reads the rendered pod and makes its supervisor: kills may be posted
// from then on. The caller runs it or closes it.
func newLife(ctx context.Context, m *Machine, o order, sink progress.Sink, report func(pod.Pod)) (*life, error) {
	rendered, err := os.ReadFile(filepath.Join(o.Dir, renderedFile))
	if err != nil {
		return nil, fmt.Errorf("reading the rendered pod: %w", err)
	}
	p, err := project.LoadRendered(ctx, rendered)
	if err != nil {
		return nil, err
	}
	if o.NoBuild {
		p = withoutBuild(p)
	}
	made := m.Engine.Pod(engine.Spec{
		Project: p, PodID: o.ID, Pull: o.Pull, Build: o.Build, Env: o.Secrets, Progress: sink,
	})
	work, err := o.Cgroup.around(made)
	if err != nil {
		return nil, err
	}
	l := &life{log: m.Log, order: o, report: report, work: &recorder{Engine: work}}
	l.events, err = os.OpenFile(filepath.Join(o.Dir, eventsFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the timeline: %w", err)
	}
	l.runs = supervisor.New(supervisor.Options{
		Engine: l.work, Front: l, Rules: o.Rules, Log: m.Log, Events: l.events,
	})
	return l, nil
}

// withoutBuild leaves nothing to build: an image that is missing is pulled, or
// the pod does not start.
func withoutBuild(p *types.Project) *types.Project {
	for name, s := range p.Services {
		s.Build = nil
		p.Services[name] = s
	}
	return p
}

// kill asks the pod to end.
func (l *life) kill(k pod.Kill) { l.runs.Post(k) }

// run takes the pod through its whole life. What ends it is a kill: a context
// that ends leaves it as it is.
func (l *life) run(ctx context.Context) outcome {
	defer l.events.Close()
	l.runs.Post(pod.Launch{At: time.Now()})
	return l.ended(l.runs.Run(ctx))
}

// Report implements supervisor.Front: it keeps the status file and passes on.
func (l *life) Report(p pod.Pod) {
	s := newStatus(l.order.ID, l.order.Hash, p, time.Now())
	s.Problems = l.work.problems()
	if err := s.write(l.order.Dir); err != nil {
		l.log.Warn("writing the status", slog.Any("err", err))
	}
	l.report(p)
	if p.State == pod.Running {
		debug.FreeOSMemory() // starting takes several times the memory that watching does
	}
}

func (l *life) ended(p pod.Pod) outcome {
	o := outcome{
		State: p.State, Reason: p.Reason, StopErr: p.StopErr, Evidence: p.Evidence,
		Problems: l.work.problems(), Exits: map[string]int{},
	}
	o.Kept = p.Rules.Keep || p.Rules.KeepFailed && p.State == pod.Failed
	for _, c := range p.Containers {
		if c.State == pod.Exited {
			o.Exits[c.Service] = max(o.Exits[c.Service], c.ExitCode)
		}
	}
	return o
}
