package executor

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/diag"
	"dce/internal/health"
	"dce/internal/render"
)

// What a job's labels say of the task's health check: dce.health is "docker"
// where the healthchecks of the services stand for it, dce.health.service the
// service that a check of the kind COMMAND runs in, the first one without.
const (
	labelHealth        = "dce.health"
	labelHealthService = "dce.health.service"
)

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
func (s *stager) checks(p *plan, r *run) (err error) {
	check := s.info.HealthCheck
	if check == nil {
		return nil
	}
	switch label(p.facts.Labels, labelHealth) {
	case "":
	case "docker":
		r.view.checked = true
		return nil
	default:
		return diag.Fail(wrongSetting("label "+labelHealth, label(p.facts.Labels, labelHealth), errNotDocker))
	}
	switch {
	case check.Type == v1.HealthCheck_HTTP && check.HTTP != nil:
		r.probe, err = httpProbe(check.HTTP, r.ports)
	case check.Type == v1.HealthCheck_TCP && check.TCP != nil:
		r.probe, err = tcpProbe(check.TCP, r.ports)
	case check.Type == v1.HealthCheck_COMMAND && check.Command != nil:
		r.probe, err = s.commandProbe(p, r, check.Command)
	default:
		s.log.Warn("the task's health check is of a kind that is not run", slog.String("type", check.Type.String()))
		return nil
	}
	r.view.judged, r.pace = true, paceOf(check)
	return err
}

var errNotDocker = errors.New(`can only be "docker"`)

func paceOf(c *v1.HealthCheck) health.Pace {
	seconds := secondsOr
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

// secondsOr is a number of seconds, or what stands for one that is missing.
func secondsOr(v *float64, missing time.Duration) time.Duration {
	if v == nil {
		return missing
	}
	return time.Duration(max(*v, 0) * float64(time.Second))
}

func httpProbe(c *v1.HealthCheck_HTTPCheckInfo, ports []render.PortMapping) (health.Probe, error) {
	port, err := hostPort(c.Port, ports)
	if err != nil {
		return nil, err
	}
	scheme := cmp.Or(c.GetScheme(), "http")
	return health.HTTP(scheme + "://" + net.JoinHostPort(loopback, strconv.Itoa(int(port))) + c.GetPath()), nil
}

func tcpProbe(c *v1.HealthCheck_TCPCheckInfo, ports []render.PortMapping) (health.Probe, error) {
	port, err := hostPort(c.Port, ports)
	if err != nil {
		return nil, err
	}
	return health.TCP(loopback, port), nil
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
