package executor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"

	"dce/internal/cgroup"
	"dce/internal/diag"
	"dce/internal/engine"
)

// reachMax is the longest pause between two tries to reach the engine.
const reachMax = 5 * time.Second

// reach finds the engine and the place of the pod on it. One that does not
// answer is perhaps being restarted: it is tried anew for as long as the launch
// may take.
func (s *stager) reach(ctx context.Context, p *plan) (*engine.Engine, error) {
	bounded, cancel := context.WithDeadline(ctx, s.began.Add(p.launch))
	defer cancel()
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 100*time.Millisecond, reachMax
	tries := 0
	var last error
	e, err := backoff.Retry(bounded, func() (*engine.Engine, error) {
		tries++
		e, err := s.settle(bounded, p)
		switch {
		case err == nil:
			return e, nil
		case !engine.Unreachable(err):
			return nil, backoff.Permanent(err)
		case last == nil:
			s.log.Warn("reaching the engine", slog.Any("err", err))
		}
		last = err
		return nil, err
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(0))
	switch {
	case err == nil && tries > 1:
		s.log.Info("the engine answers", slog.Int("tries", tries))
	case err != nil && last != nil && ctx.Err() == nil && bounded.Err() != nil:
		return nil, diag.Fail(noEngine(p.launch, last))
	}
	return e, err
}

// settle asks the engine what it is, and settles the cgroup of the pod's
// containers by that.
func (s *stager) settle(ctx context.Context, p *plan) (*engine.Engine, error) {
	docker, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	return docker, s.place(ctx, p)
}

func (s *stager) place(ctx context.Context, p *plan) error {
	info, err := s.engineInfo(ctx)
	if err != nil {
		return err
	}
	tree, err := cgroup.Detect()
	if err != nil {
		return err
	}
	member, err := cgroup.Self()
	if err != nil {
		return err
	}
	c, why, err := parentOf(p.facts, s.container, member, info, tree)
	if err != nil {
		return err
	}
	if why != "" {
		s.log.Warn("the pod is not in a cgroup of the agent's", slog.String("reason", why), slog.String("cgroup_parent", c.Parent))
	}
	p.parent = c
	p.facts.CgroupParent, p.facts.CgroupDriver = c.Parent, info.CgroupDriver
	return nil
}

// infoTime bounds one question to the engine; one that is starting can leave a
// call hanging.
const infoTime = 20 * time.Second

// noEngine is what is left to say when the launch's time is over.
func noEngine(within time.Duration, last error) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "DCE628", Summary: fmt.Sprintf("the Docker engine did not answer within the %s that a launch may take", within),
		Detail: last.Error(),
		Hint:   "ask the operator to look at the agent's engine (journalctl -u docker); agent.engine in /etc/dce/dce.yaml says where executors look for it",
		Cause:  last,
	}
	if problems, ok := diag.Of(last); ok {
		d.Detail = problems[0].Summary
	}
	return d
}
