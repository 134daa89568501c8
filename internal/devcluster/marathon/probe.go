package marathon

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dce/internal/devcluster/scheduler"
)

// probes runs health checks, each in a goroutine of its own, for as long as the scheduler wants them.
type probes struct {
	ctx    context.Context //nolint:containedctx // the life of the server
	report func(p scheduler.Probe, ok bool, cause string)
	client *http.Client

	mu      sync.Mutex
	closed  bool
	running map[string]chan struct{} // closed to end it
	wg      sync.WaitGroup
}

func newProbes(ctx context.Context, report func(scheduler.Probe, bool, string)) *probes {
	return &probes{
		ctx: ctx, report: report, running: map[string]chan struct{}{},
		client: &http.Client{
			Transport: &http.Transport{
				DisableKeepAlives: true, Proxy: nil,
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // as Marathon: a task's certificate is its own
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func probeKey(p scheduler.Probe) string {
	return p.TaskID + " " + strconv.Itoa(p.Check) + " " + strconv.FormatBool(p.Readiness)
}

// set starts what is new and ends what is not wanted any more.
func (r *probes) set(wanted []scheduler.Probe) {
	r.mu.Lock()
	defer r.mu.Unlock()
	keep := map[string]bool{}
	for _, p := range wanted {
		key := probeKey(p)
		keep[key] = true
		if r.running[key] == nil && !r.closed {
			stop := make(chan struct{})
			r.running[key] = stop
			r.wg.Go(func() { r.run(r.ctx, stop, p) })
		}
	}
	for key, stop := range r.running {
		if !keep[key] {
			close(stop)
			delete(r.running, key)
		}
	}
}

func (r *probes) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.set(nil)
	r.wg.Wait()
}

// run probes until it is told to stop, or the server ends. A result that comes too late is ignored by the scheduler.
func (r *probes) run(ctx context.Context, stop <-chan struct{}, p scheduler.Probe) {
	for {
		ok, cause := r.once(ctx, p)
		if ctx.Err() != nil {
			return
		}
		r.report(p, ok, cause)
		timer := time.NewTimer(max(p.Interval, 10*time.Millisecond))
		select {
		case <-timer.C:
		case <-stop:
			timer.Stop()

			return
		case <-ctx.Done():
			timer.Stop()

			return
		}
	}
}

// once runs a check and says what came of it, in Marathon's words (core/health/impl/HealthCheckWorker.scala).
func (r *probes) once(ctx context.Context, p scheduler.Probe) (ok bool, cause string) {
	ctx, cancel := context.WithTimeout(ctx, max(p.Timeout, time.Second))
	defer cancel()
	if p.Protocol == "TCP" {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(p.Host, strconv.Itoa(p.Port)))
		if err != nil {
			return false, "ConnectException: " + err.Error()
		}
		conn.Close()

		return true, ""
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, urlOf(p), nil)
	if err != nil {
		return false, err.Error()
	}
	response, err := r.client.Do(request)
	if err != nil {
		return false, "ConnectionAttemptFailedException: " + err.Error()
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
	good := response.StatusCode >= 200 && response.StatusCode < 400
	if p.Accept != nil {
		good = slices.Contains(p.Accept, response.StatusCode)
	}
	if !good {
		return false, fmt.Sprintf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}

	return true, ""
}

func urlOf(p scheduler.Probe) string {
	at, err := url.Parse(p.Path)
	if err != nil {
		at = &url.URL{Path: p.Path}
	}
	at.Scheme, at.Host = strings.ToLower(p.Protocol), net.JoinHostPort(p.Host, strconv.Itoa(p.Port))

	return at.String()
}

// probed hands a result to the scheduler.
func (s *Server) probed(p scheduler.Probe, ok bool, cause string) {
	_ = s.do(func(now time.Time) error { s.scheduler.Probed(now, p, ok, cause); return nil })
}
