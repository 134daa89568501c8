// Package life is one run of a rendered pod: from its bytes to a supervised
// pod, and to what became of it. It is the same for every front, which is what
// makes a pod of this machine and one of an agent the same pod. It reads no
// facts and no configuration, and tells nobody anything but its caller.
package life

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/pod"
	"dce/internal/progress"
	"dce/internal/project"
	"dce/internal/rest"
	"dce/internal/supervisor"
)

// Options are one run of a pod.
type Options struct {
	Engine *engine.Engine
	// Rendered is the pod as `dce render` prints it.
	Rendered []byte
	PodID    string
	Pull     string
	// PullTries is how often a pull is tried; zero is once.
	PullTries uint
	// Build makes images with a build section anew; NoBuild makes none, also where
	// one is missing.
	Build, NoBuild bool
	// RemoveVolumes: the pod's own volumes go with it.
	RemoveVolumes bool
	// Secrets are the values that the rendered pod leaves out, by service and key.
	Secrets map[string]map[string]string
	// SecretFiles are contents of compose secrets that the rendered pod leaves
	// out, by name.
	SecretFiles map[string]string
	Rules       pod.Rules
	Cgroup      Cgroup
	Progress    progress.Sink
	// Report hears where the pod stands, one call at a time.
	Report func(pod.Pod)
	// Reach hears when the engine is lost (false) and when it is back; may be nil.
	Reach func(back bool)
	// Patience is how long the stop of the pod and its removal wait for an engine
	// that is out of reach; zero is not at all.
	Patience time.Duration
	// Leaves: a stop whose time is up does not wait for an engine, since somebody
	// sits there who wants to go. Without it the stop waits on, and leaves no grace
	// then: who hears of the end must be able to rely on it.
	Leaves bool
	// BeforeRemove is waited for before anything is removed; may be nil.
	BeforeRemove func(ctx context.Context)
	// Events takes the timeline.
	Events io.Writer
	Log    *slog.Logger
}

// Life is one run of a pod.
type Life struct {
	report func(pod.Pod)
	runs   *supervisor.Supervisor
	work   *recorder
	rest   *rest.Sleeper
}

// restAfter is how long a pod has run, and nothing of it was told, until the
// process settles: by then what starting a pod has left behind is done.
const restAfter = 2 * time.Second

// New reads the rendered pod and makes its supervisor: events may be posted
// from then on.
func New(ctx context.Context, o Options) (*Life, error) {
	p, err := project.LoadRendered(ctx, o.Rendered)
	if err != nil {
		return nil, err
	}
	if o.NoBuild {
		p = withoutBuild(p)
	}
	giveContents(p, o.SecretFiles)
	sleeper := rest.NewSleeper(restAfter)
	made := o.Engine.Pod(engine.Spec{
		Project: p, PodID: o.PodID, Pull: o.Pull, PullTries: o.PullTries, Build: o.Build, RemoveVolumes: o.RemoveVolumes,
		Env: o.Secrets, Progress: o.Progress, Woken: sleeper.Worked,
	})
	work, err := o.Cgroup.around(made)
	if err != nil {
		return nil, err
	}
	l := &Life{report: o.Report, rest: sleeper, work: &recorder{
		Engine: work, beforeRemove: o.BeforeRemove, patience: o.Patience, leaves: o.Leaves,
	}}
	l.runs = supervisor.New(supervisor.Options{
		Engine: l.work, Front: l, Rules: o.Rules, Log: o.Log, Events: o.Events, Reach: o.Reach,
		Away: func(ctx context.Context, err error) bool { return l.work.wasMissed() || o.Engine.Away(ctx, err) },
	})
	return l, nil
}

// giveContents gives secrets their contents, by name. Compose takes an empty one
// for none, and then asks for its variable (v5.5.1 pkg/compose/secrets.go); a config
// still names one only where that is empty.
func giveContents(p *types.Project, secrets map[string]string) {
	for name, content := range secrets {
		secret, ok := p.Secrets[name]
		if !ok {
			continue
		}
		if secret.Content = content; content == "" {
			p.Environment[secret.Environment] = ""
		}
		p.Secrets[name] = secret
	}
	for _, c := range p.Configs {
		if c.Environment != "" && c.Content == "" {
			p.Environment[c.Environment] = ""
		}
	}
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

// Post tells the pod of an event, such as a kill. It never blocks.
func (l *Life) Post(e pod.Event) { l.runs.Post(e) }

// Run takes the pod through its whole life. What ends it is a kill: a context
// that ends leaves it as it is.
func (l *Life) Run(ctx context.Context) pod.Pod {
	defer l.rest.End()
	l.runs.Post(pod.Launch{At: time.Now()})
	return l.runs.Run(ctx)
}

// Problems are what went wrong in the engine so far, as it was said.
func (l *Life) Problems() diag.List { return l.work.problems() }

// Left reports whether something of the pod could not be removed.
func (l *Life) Left() bool {
	l.work.mu.Lock()
	defer l.work.mu.Unlock()
	return l.work.left
}

// Report implements supervisor.Front.
func (l *Life) Report(p pod.Pod) {
	l.report(p)
	if p.State == pod.Running {
		l.rest.Begin()
	} else {
		l.rest.End()
	}
}
