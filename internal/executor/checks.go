package executor

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/health"
	"dce/internal/render"
)

// labelHealth says "docker" where the healthchecks of the services stand for
// the task's own check.
const labelHealth = "dce.health"

// The pace that Mesos documents for a check that sets none (mesos.proto,
// HealthCheck).
const (
	checkDelay    = 15 * time.Second
	checkInterval = 10 * time.Second
	checkTimeout  = 20 * time.Second
	checkGrace    = 10 * time.Second
	checkFailures = 3
)

// checks settles who judges the pod's health: the framework's own check, run
// from here, or Docker's.
func (s *stager) checks(p *plan, r *run) error {
	check := s.info.HealthCheck
	if check == nil {
		return nil
	}
	if label(p.facts.Labels, labelHealth) == "docker" {
		r.view.checked = true
		return nil
	}
	probe, err := probeOf(check, r.ports)
	if err != nil {
		return err
	}
	if probe == nil {
		s.log.Warn("the task's health check is of a kind that is not run", slog.String("type", check.Type.String()))
		return nil
	}
	r.view.judged, r.probe, r.pace = true, probe, paceOf(check)
	return nil
}

func paceOf(c *v1.HealthCheck) health.Pace {
	seconds := func(v *float64, missing time.Duration) time.Duration {
		if v == nil {
			return missing
		}
		return time.Duration(max(*v, 0) * float64(time.Second))
	}
	p := health.Pace{
		Delay: seconds(c.DelaySeconds, checkDelay), Interval: seconds(c.IntervalSeconds, checkInterval),
		Timeout: seconds(c.TimeoutSeconds, checkTimeout), Grace: seconds(c.GracePeriodSeconds, checkGrace),
		Failures: checkFailures,
	}
	if c.ConsecutiveFailures != nil {
		p.Failures = max(int(*c.ConsecutiveFailures), 1)
	}
	return p
}

// probeOf is the check, nil for one that is not run.
func probeOf(c *v1.HealthCheck, ports []render.PortMapping) (health.Probe, error) {
	switch {
	case c.Type == v1.HealthCheck_HTTP && c.HTTP != nil:
		port, err := hostPort(c.HTTP.Port, ports)
		if err != nil {
			return nil, err
		}
		scheme := cmp.Or(c.HTTP.GetScheme(), "http")
		return health.HTTP(scheme + "://" + net.JoinHostPort(loopback, strconv.Itoa(int(port))) + c.HTTP.GetPath()), nil
	case c.Type == v1.HealthCheck_TCP && c.TCP != nil:
		port, err := hostPort(c.TCP.Port, ports)
		if err != nil {
			return nil, err
		}
		return health.TCP(loopback, port), nil
	}
	return nil, nil
}

const loopback = "127.0.0.1"

// hostPort is the port of the host that a check means: Marathon names the
// host's own, others the container's.
func hostPort(wanted uint32, ports []render.PortMapping) (uint16, error) {
	for _, p := range ports {
		if uint32(p.HostPort) == wanted {
			return p.HostPort, nil
		}
	}
	for _, p := range ports {
		if uint32(p.ContainerPort) == wanted {
			return p.HostPort, nil
		}
	}
	if wanted == 0 || wanted > 65535 {
		return 0, fmt.Errorf("the health check's port %d is none", wanted)
	}
	return uint16(wanted), nil //nolint:gosec // checked above
}
