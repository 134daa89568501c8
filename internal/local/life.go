package local

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"dce/internal/life"
	"dce/internal/pod"
	"dce/internal/progress"
	"dce/internal/render"
)

// order is all that a keeper is told of one run of a pod, beside the rendered
// file in its directory.
type order struct {
	ID      string                       `json:"id"`
	Dir     string                       `json:"dir"`
	Hash    string                       `json:"hash"`
	Ports   []render.PortMapping         `json:"-"` // for the view of an attached pod
	Pull    string                       `json:"pull,omitempty"`
	Build   bool                         `json:"build,omitempty"`
	NoBuild bool                         `json:"no_build,omitempty"`
	Rules   pod.Rules                    `json:"rules"`
	Cgroup  life.Cgroup                  `json:"cgroup"`
	Secrets map[string]map[string]string `json:"secrets,omitempty"`
	// SecretFiles are contents of compose secrets, by name.
	SecretFiles map[string]string `json:"secret_files,omitempty"`
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

// attended is one run of a pod in this process, with the files that tell others
// of it.
type attended struct {
	log    *slog.Logger
	order  order
	report func(pod.Pod) // hears where the pod stands, one call at a time
	life   *life.Life
	events *os.File
}

// audience hears of a run.
type audience struct {
	progress progress.Sink
	report   func(pod.Pod)
	reach    func(back bool) // hears of the engine's going and coming; may be nil
	// beforeRemove is waited for before anything is removed; may be nil.
	beforeRemove func(ctx context.Context)
}

// attend reads the rendered pod and makes its life: kills may be posted from
// then on. The caller runs it.
func attend(ctx context.Context, m *Machine, o order, a audience) (*attended, error) {
	rendered, err := os.ReadFile(filepath.Join(o.Dir, renderedFile))
	if err != nil {
		return nil, fmt.Errorf("reading the rendered pod: %w", err)
	}
	l := &attended{log: m.Log, order: o, report: a.report}
	l.events, err = os.OpenFile(filepath.Join(o.Dir, eventsFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the timeline: %w", err)
	}
	l.life, err = life.New(ctx, life.Options{
		Engine: m.Engine, Rendered: rendered, PodID: o.ID, Pull: o.Pull, Build: o.Build, NoBuild: o.NoBuild,
		Secrets: o.Secrets, SecretFiles: o.SecretFiles, Rules: o.Rules, Cgroup: o.Cgroup, Progress: a.progress,
		Patience: restartTime, Leaves: true,
		Report: l.reported, BeforeRemove: a.beforeRemove, Reach: a.reach, Events: l.events, Log: m.Log,
	})
	if err != nil {
		l.events.Close()
		return nil, err
	}
	return l, nil
}

// restartTime is within what an engine is back that its service manager
// restarts: so long the stop and the removal of a pod wait for one that is away.
const restartTime = 30 * time.Second

// kill asks the pod to end.
func (l *attended) kill(k pod.Kill) { l.life.Post(k) }

// run takes the pod through its whole life. What ends it is a kill: a context
// that ends leaves it as it is.
func (l *attended) run(ctx context.Context) outcome {
	defer l.events.Close()
	return l.ended(l.life.Run(ctx))
}

// reported keeps the status file and passes on.
func (l *attended) reported(p pod.Pod) {
	s := newStatus(l.order.ID, l.order.Hash, p, time.Now())
	s.Problems = problemsIn(l.life.Problems())
	if err := s.write(l.order.Dir); err != nil {
		l.log.Warn("writing the status", slog.Any("err", err))
	}
	l.report(p)
}

func (l *attended) ended(p pod.Pod) outcome {
	o := outcome{
		State: p.State, Reason: p.Reason, StopErr: p.StopErr, Evidence: p.Evidence,
		Problems: problemsIn(l.life.Problems()), Exits: map[string]int{},
	}
	o.Kept = p.Rules.Keep || p.Rules.KeepFailed && p.State == pod.Failed
	for _, c := range p.Containers {
		if c.State == pod.Exited {
			o.Exits[c.Service] = max(o.Exits[c.Service], c.ExitCode)
		}
	}
	return o
}
