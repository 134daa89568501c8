package executor

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/bundle"
	"dce/internal/diag"
	"dce/internal/engine"
	"dce/internal/lease"
	"dce/internal/life"
	"dce/internal/pod"
	"dce/internal/project"
	"dce/internal/render"
	taskfile "dce/internal/task"
)

const (
	// loadTime bounds the reading of a job's files.
	loadTime = time.Minute
	// launchTime is the launch timeout on an agent where nobody has set one: under
	// Marathon's task_launch_timeout of 300 s, so that dce can say what was wrong.
	launchTime = 270 * time.Second
)

// stager makes a pod of a task. It runs aside: what it needs of the executor
// was copied.
type stager struct {
	o          Options
	settled    error // what is wrong with the operator's file
	began      time.Time
	info       v1.TaskInfo
	number     int
	container  string
	identity   lease.Identity
	keepMost   time.Duration // the longest that a failed pod is kept
	connect    func(ctx context.Context) (*engine.Engine, error)
	engineInfo func(ctx context.Context) (engine.Info, error)
	reached    func()
	meter      *meter // nil without
	// report takes the pod's reports to the loop.
	report func(pod.Pod, where)
	log    *slog.Logger
}

// plan is a task on its way to a pod.
type plan struct {
	facts    render.Task
	job      job
	options  jobOptions
	project  *project.Project
	settings render.Settings
	parent   life.Cgroup
	dir      string   // where the task's own files go
	held     *os.Root // the same, opened
	// launch is how long the task may take to run, from its launch on.
	launch time.Duration
	// bundle is what the job brought, nil where it brought none, and secrets are
	// the values that it leaves to the agent.
	bundle  *bundle.Manifest
	secrets map[string]string
	// withheld are the secrets that a job without a bundle has as variables.
	withheld []string
}

// stage goes from what the framework sent to a pod that can be run. Whatever a
// job brings, it ends in an error at most.
func (s *stager) stage(ctx context.Context) (r *run, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("a defect of dce", slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			err = diag.Fail(defect(v))
		}
	}()
	if s.settled != nil { // what a job may do is not known
		return nil, s.settled
	}
	p := &plan{}
	if err := s.facts(p); err != nil {
		return nil, err
	}
	if p.held, err = s.open(); err != nil { // before anything is put there
		return nil, err
	}
	defer func() {
		if err != nil {
			p.held.Close()
		}
	}()
	if err := s.unpack(p); err != nil {
		return nil, err
	}
	if err := s.load(ctx, p); err != nil {
		return nil, err
	}
	docker, err := s.reach(ctx, p)
	if err != nil {
		return nil, err
	}
	s.reached()
	result, rendered, err := s.render(p)
	if err != nil {
		return nil, err
	}
	if err := s.write(p, rendered); err != nil {
		return nil, err
	}
	return s.run(ctx, p, docker, result, rendered)
}

// facts are what the framework, the agent and this process say.
func (s *stager) facts(p *plan) (err error) {
	env := s.o.Environment
	if p.facts, err = taskfile.FromTaskInfo(&s.info); err != nil {
		return diag.Fail(unreadable(err))
	}
	if p.job, err = jobOf(p.facts.Labels); err != nil {
		return err
	}
	if err := s.wished(p); err != nil {
		return err
	}
	t := &p.facts
	t.ExecutorID = cmp.Or(t.ExecutorID, env.ExecutorID)
	t.FrameworkID = cmp.Or(t.FrameworkID, env.FrameworkID)
	t.AgentID, t.AgentEnv = cmp.Or(t.AgentID, env.AgentID), env.Told()
	t.PodID, t.Version = s.podID(), s.o.Version
	t.KeepVolumes = p.options.keepVolumes
	t.Sandbox, p.dir = env.Directory, s.dir()
	t.Lease, t.BootID, t.PID, t.StartTime = s.identity.Lease, s.identity.BootID, s.identity.PID, s.identity.Start
	return nil
}

// wished settles what a job that was written for dce-go asks for, by its files
// and, above them, by its labels.
func (s *stager) wished(p *plan) error {
	all, err := s.wishes(p)
	if err != nil {
		return err
	}
	maps.Copy(all, p.job.config)
	p.job.config = all
	if p.options, err = p.job.options(); err != nil {
		return err
	}
	for _, note := range p.options.notes {
		s.log.Info("a setting of dce-go's is taken otherwise", slog.String("setting", note))
	}
	if len(p.options.ignored) > 0 {
		s.log.Warn("settings of the job have no meaning for dce", slog.String("settings", strings.Join(p.options.ignored, ", ")))
	}
	return nil
}

// podID is the id of the container that Mesos gave: who looks for it on the
// agent finds the pod. Further tasks of one executor add their number.
func (s *stager) podID() string {
	if s.number == 0 {
		return s.container
	}
	return fmt.Sprintf("%s.%d", s.container, s.number+1)
}

// dir is where the task's own files go: the sandbox, or for further tasks a
// directory in it.
func (s *stager) dir() string { return filepath.Join(s.o.Environment.Sandbox, s.dirName()) }

func (s *stager) dirName() string {
	if s.number == 0 {
		return "."
	}
	return fmt.Sprintf("dce-task.%d", s.number+1)
}

// open opens that directory.
func (s *stager) open() (*os.Root, error) {
	sandbox, err := os.OpenRoot(s.o.Environment.Sandbox)
	if err != nil {
		return nil, fmt.Errorf("opening the sandbox: %w", err)
	}
	if s.number == 0 {
		return sandbox, nil
	}
	defer sandbox.Close()
	return openTaskDir(sandbox, s.dirName())
}

// load reads the job's files. Interpolation sees the task's facts only, so that
// whoever has dce-task.json renders the same pod.
func (s *stager) load(ctx context.Context, p *plan) (err error) {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	sandbox := s.o.Environment.Sandbox
	o := project.Options{
		Dir: sandbox, Root: sandbox, Files: p.job.files, Config: s.o.Config, SystemConfig: s.o.SystemConfig, SystemWins: true,
		Flags: p.options.flags, TaskEnv: taskfile.Interpolation(p.facts, render.Settings{}),
	}
	if p.bundle != nil {
		p.bundle.Load(filepath.Join(p.dir, bundleDir), s.secretsDir(), &o)
		if p.secrets, err = s.secrets(*p.bundle); err != nil {
			return err
		}
		withSecrets(&o, p.secrets)
	} else {
		p.withheld = s.given(o.TaskEnv)
		o.SecretEnv = p.withheld
	}
	p.project, err = project.Load(ctx, o)
	if err != nil {
		return err
	}
	if err := p.project.Unavailable().Err(); err != nil {
		return err
	}
	for _, w := range p.project.Warnings {
		s.log.Warn("a warning about the job's files", slog.String("warning", w.String()))
	}
	p.facts.Job = p.facts.Job || p.project.Config.Job
	keep := &p.project.Config.KeepFailed
	if *keep = min(*keep, s.keepMost); *keep > 0 {
		p.facts.KeepFailed = keep.String()
	}
	p.settings = p.project.Config.Render
	p.settings.Cluster = true
	p.launch = p.project.Config.Timeouts.Launch
	if isDefault(p.project.Config, "timeouts.launch") {
		p.launch = launchTime
	}
	return nil
}

func (s *stager) render(p *plan) (render.Result, []byte, error) {
	in := render.Input{Project: p.project.Compose, Task: p.facts, Settings: p.settings, Locate: p.project.Locate}
	p.facts.Hash = render.ContentHash(in)
	in.Task = p.facts
	r := render.Render(in)
	if err := r.Diagnostics.Err(); err != nil {
		return r, nil, err
	}
	for _, d := range r.Diagnostics {
		s.log.Warn("a warning about the pod", slog.String("warning", d.String()))
	}
	rendered, err := r.YAML()
	if err != nil {
		return r, nil, fmt.Errorf("writing the rendered pod: %w", err)
	}
	return r, rendered, nil
}

// write leaves in the sandbox what the pod is made of.
func (s *stager) write(p *plan, rendered []byte) error {
	facts, err := taskfile.File{Task: p.facts, Settings: p.settings, Withheld: p.withheld}.Encode()
	if err != nil {
		return err
	}
	if err := p.keeps(rendered, facts); err != nil {
		return err
	}
	if err := writeFile(p.held, taskFile, facts); err != nil {
		return err
	}
	return writeFile(p.held, renderedFile, rendered)
}
