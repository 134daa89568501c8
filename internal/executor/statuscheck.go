package executor

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/health"
	"dce/internal/wait"
)

// statusCheck is a check whose results the framework wants to know and nobody
// acts on (mesos.proto, CheckInfo): readiness, in most cases.
type statusCheck struct {
	delay, interval, timeout time.Duration
	// nothing is the result before the first look, and of one that was none.
	nothing v1.CheckStatusInfo
	look    func(ctx context.Context) v1.CheckStatusInfo
}

// statusChecks settles how the task's check is made.
func (s *stager) statusChecks(p *plan, r *run) error {
	check := s.info.Check
	if check == nil {
		return nil
	}
	c := &statusCheck{
		delay: secondsOr(check.DelaySeconds, checkDelay), interval: secondsOr(check.IntervalSeconds, checkInterval),
		timeout: secondsOr(check.TimeoutSeconds, checkTimeout), nothing: nothingOf(check.Type),
	}
	var err error
	switch {
	case check.Type == v1.CheckInfo_HTTP && check.HTTP != nil:
		err = c.http(check.HTTP, r)
	case check.Type == v1.CheckInfo_TCP && check.TCP != nil:
		err = c.tcp(check.TCP, r)
	case check.Type == v1.CheckInfo_COMMAND && check.Command != nil:
		err = c.command(p, r, &check.Command.Command)
	default:
		s.log.Warn("the task's check is of a kind that is not run", slog.String("type", check.Type.String()))
		return nil
	}
	r.status, r.view.check = c, &c.nothing
	return err
}

// nothingOf is a result that says of which kind the check is, and no more.
func nothingOf(kind v1.CheckInfo_Type) v1.CheckStatusInfo {
	i := v1.CheckStatusInfo{Type: &kind}
	switch kind {
	case v1.CheckInfo_HTTP:
		i.HTTP = &v1.CheckStatusInfo_Http{}
	case v1.CheckInfo_TCP:
		i.TCP = &v1.CheckStatusInfo_Tcp{}
	case v1.CheckInfo_COMMAND:
		i.Command = &v1.CheckStatusInfo_Command{}
	case v1.CheckInfo_UNKNOWN:
	}
	return i
}

func (c *statusCheck) http(check *v1.CheckInfo_Http, r *run) error {
	port, err := hostPort(check.Port, r.ports)
	if err != nil {
		return err
	}
	ask := health.Ask("http://" + net.JoinHostPort(loopback, strconv.Itoa(int(port))) + check.GetPath())
	c.look = func(ctx context.Context) v1.CheckStatusInfo {
		result := nothingOf(v1.CheckInfo_HTTP)
		if status, err := ask(ctx); err == nil {
			result.HTTP.StatusCode = new(uint32(status)) //nolint:gosec // three digits
		}
		return result
	}
	return nil
}

func (c *statusCheck) tcp(check *v1.CheckInfo_Tcp, r *run) error {
	port, err := hostPort(check.Port, r.ports)
	if err != nil {
		return err
	}
	probe := health.TCP(loopback, port)
	c.look = func(ctx context.Context) v1.CheckStatusInfo {
		result := nothingOf(v1.CheckInfo_TCP)
		result.TCP.Succeeded = new(probe(ctx) == nil)
		return result
	}
	return nil
}

func (c *statusCheck) command(p *plan, r *run, info *v1.CommandInfo) error {
	command, err := commandOf(p, info)
	if err != nil {
		return err
	}
	c.look = func(ctx context.Context) v1.CheckStatusInfo {
		result := nothingOf(v1.CheckInfo_COMMAND)
		if ran, err := r.docker.Exec(ctx, r.podID, command); err == nil {
			result.Command.ExitCode = new(int32(ran.ExitCode)) //nolint:gosec // of eight bits
		}
		return result
	}
	return nil
}

// run looks until ctx ends, and tells each result that is another than the one
// before.
func (c *statusCheck) run(ctx context.Context, tell func(v1.CheckStatusInfo)) {
	last := c.nothing
	for pause := c.delay; wait.For(ctx, pause); pause = c.interval {
		result := c.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if !result.Equal(last) {
			last = result
			tell(result)
		}
	}
}

// once looks within the timeout, of which zero is none.
func (c *statusCheck) once(ctx context.Context) v1.CheckStatusInfo {
	if c.timeout <= 0 {
		return c.look(ctx)
	}
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	result := c.look(bounded)
	if bounded.Err() != nil {
		return c.nothing
	}
	return result
}
