package executor

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"dce/internal/engine"
	"dce/internal/health"
	"dce/internal/life"
	"dce/internal/pod"
	"dce/internal/podlog"
	"dce/internal/render"
)

// drainTime is how long the removal of a pod waits for the last of its log
// lines: no longer than a shutdown's margin has room for.
const drainTime = 500 * time.Millisecond

// pullTries is how often a pull is tried on an agent, where nobody is there to
// try again; the launch timeout bounds them all.
const pullTries = 5

// run is a task's pod, ready to run.
type run struct {
	life   *life.Life
	logs   *life.Logs
	files  *podlog.Log
	events io.Closer
	view   view
	dir    *os.Root // where the task's own files go
	// redactor takes the values of secrets out of all that is written or told.
	redactor redactor
	witness  witness
	// stopTimeout is timeouts.stop, zero where nobody has set it.
	stopTimeout time.Duration
	// probe is the framework's own health check, nil without one.
	probe health.Probe
	pace  health.Pace
	// status is the framework's check of the task's status, nil without one.
	status *statusCheck

	docker *engine.Engine
	podID  string
	// keep is how long the pod is kept for inspection when it has failed.
	keep   time.Duration
	ports  []render.PortMapping
	report func(pod.Pod, where)
	log    *slog.Logger
}

// run makes the pod's life of what was rendered. Nothing is started.
func (s *stager) run(ctx context.Context, p *plan, docker *engine.Engine, result render.Result, rendered []byte) (*run, error) {
	secrets, files := p.values()
	r := &run{
		docker: docker, podID: p.facts.PodID, keep: p.project.Config.KeepFailed, ports: result.Ports, report: s.report, log: s.log, dir: p.held,
		redactor: newRedactor(p.settings.Secrets, secrets, files), witness: witness{ended: make(chan pod.Pod, 1)},
	}
	r.stopTimeout = p.project.Config.Timeouts.Stop
	r.view = view{taskID: p.facts.ID, redactor: r.redactor}
	if err := s.checks(p, r); err != nil {
		return nil, err
	}
	if err := s.statusChecks(p, r); err != nil {
		return nil, err
	}
	events, err := s.eventLog(p)
	if err != nil {
		return nil, err
	}
	logs, err := makeDir(p.held, logsDir)
	if err != nil {
		s.log.Warn("the services get no log files of their own", slog.Any("err", err))
	}
	r.events = events
	r.files = podlog.New(podlog.Options{Dir: logs, Stdout: s.o.Stdout, Stderr: s.o.Stderr}, result.Project.ServiceNames())
	r.logs = life.NewLogs(docker, r.podID, s.log, r.line)
	r.life, err = life.New(ctx, life.Options{
		Engine: docker, Rendered: rendered, PodID: r.podID, Pull: p.options.pull, PullTries: pullTries, RemoveVolumes: !p.options.keepVolumes,
		Patience: p.project.Config.Timeouts.Engine,
		Secrets:  secrets, SecretFiles: files, Rules: s.rules(p, result), Cgroup: p.parent,
		NoBuild:  p.bundle != nil, // what an image is built of does not travel
		Progress: steps{s.log}, Report: r.reported, BeforeRemove: r.beforeRemove,
		Events: s.meter.writer(r.redactor.writer(events)), Log: s.log,
	})
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// eventLog begins the timeline: in the task's directory, or that of the first task
// where the job's command says.
func (s *stager) eventLog(p *plan) (*os.File, error) {
	if s.number > 0 || s.o.EventLog == "" {
		return createFile(p.held, eventsFile)
	}
	dir, err := os.OpenRoot(filepath.Dir(s.o.EventLog))
	if err != nil {
		return nil, fmt.Errorf("making the timeline: %w", err)
	}
	defer dir.Close()
	return createFile(dir, filepath.Base(s.o.EventLog))
}

// rules are those of every pod; of the time that a launch may take some has
// passed by now.
func (s *stager) rules(p *plan, result render.Result) pod.Rules {
	rules := life.Rules(result.Project, p.facts.Job, p.project.Config)
	rules.LaunchTimeout = max(p.launch-time.Since(s.began), time.Nanosecond)
	return rules
}

// live takes the pod through its life, and tells what is left of it.
func (r *run) live(ctx context.Context) remains {
	p := r.life.Run(ctx)
	r.log.Info("pod ended", slog.String("state", string(p.State)), slog.String("reason", r.redactor.text(p.Reason.String())))
	if p.State.Terminal() && p.Rules.KeepFailed { // a pod that is kept was not removed
		r.beforeRemove(ctx)
	}
	r.close()
	return r.remains(p)
}

// beforeRemove takes from the containers what is only there with them.
func (r *run) beforeRemove(ctx context.Context) {
	r.logs.Drain(ctx, drainTime)
	r.inspect(ctx)
}

func (r *run) close() {
	if r.logs != nil {
		r.logs.Close()
	}
	if err := r.files.Close(); err != nil {
		r.log.Warn("closing the services' log files", slog.Any("err", err))
	}
	r.events.Close()
	r.dir.Close()
}

// reported follows the services from their first line on, and passes the
// report on to the loop.
func (r *run) reported(p pod.Pod) {
	var w where
	switch p.State {
	case pod.Starting:
		r.logs.Start()
	case pod.Running:
		w = r.where()
	case pod.Finished, pod.Failed, pod.Killed:
		r.witness.ends(p)
	default:
	}
	r.report(p, w)
}

func (r *run) line(l engine.LogLine) {
	// A sandbox that takes no more lines is no reason to end a pod.
	_ = r.files.Write(podlog.Line{Time: l.Time, Service: l.Service, Stderr: l.Stderr, Text: l.Text})
}
