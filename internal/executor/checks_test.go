package executor

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/health"
	"dce/internal/render"
)

func TestArgvOfACommandCheck(t *testing.T) {
	no, yes := false, true
	for name, tt := range map[string]struct {
		command v1.CommandInfo
		want    []string
	}{
		"through a shell":                        {v1.CommandInfo{Value: new("true && true")}, []string{"sh", "-c", "true && true"}},
		"through a shell, said":                  {v1.CommandInfo{Shell: &yes, Value: new("true"), Arguments: []string{"x"}}, []string{"sh", "-c", "true"}},
		"without a shell, argv[0] among it":      {v1.CommandInfo{Shell: &no, Value: new("/bin/test"), Arguments: []string{"test", "-e", "/x"}}, []string{"/bin/test", "-e", "/x"}},
		"without a shell, nothing but a program": {v1.CommandInfo{Shell: &no, Value: new("/bin/true")}, []string{"/bin/true"}},
		"without a shell, argv[0] alone":         {v1.CommandInfo{Shell: &no, Value: new("/bin/true"), Arguments: []string{"true"}}, []string{"/bin/true"}},
		"nothing":                                {v1.CommandInfo{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, argv(&tt.command)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A check means a port of the host or one of a container; both lead to the
// host's.
func TestHTTPProbe(t *testing.T) {
	var asked []string
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.URL.Path) })
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	port := func(s *httptest.Server) uint16 {
		n, err := strconv.ParseUint(s.URL[strings.LastIndex(s.URL, ":")+1:], 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		return uint16(n)
	}
	ports := []render.PortMapping{{ContainerPort: 80, HostPort: port(plain)}, {ContainerPort: 443, HostPort: port(secure)}}
	for _, check := range []v1.HealthCheck_HTTPCheckInfo{
		{Port: 80, Path: new("/by-container")},
		{Port: uint32(port(plain)), Path: new("/by-host")},
		{Port: 443, Scheme: new("https"), Path: new("/secure")},
	} {
		probe, err := httpProbe(&check, ports)
		if err != nil {
			t.Fatal(err)
		}
		if err := probe(t.Context()); err != nil {
			t.Errorf("%v: %v", check, err)
		}
	}
	if diff := cmp.Diff([]string{"/by-container", "/by-host", "/secure"}, asked); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := httpProbe(&v1.HealthCheck_HTTPCheckInfo{}, ports); err == nil {
		t.Error("a check without a port is taken")
	}
}

func TestPaceOf(t *testing.T) {
	mesos := health.Pace{Delay: 15 * time.Second, Interval: 10 * time.Second, Timeout: 20 * time.Second, Grace: 10 * time.Second, Failures: 3}
	if diff := cmp.Diff(mesos, paceOf(&v1.HealthCheck{})); diff != "" {
		t.Errorf("Mesos' own, -want +got:\n%s", diff)
	}
	own := health.Pace{Delay: time.Second, Interval: 1500 * time.Millisecond, Failures: 1}
	got := paceOf(&v1.HealthCheck{
		DelaySeconds: new(1.0), IntervalSeconds: new(1.5), TimeoutSeconds: new(0.0), GracePeriodSeconds: new(-1.0), ConsecutiveFailures: new(uint32(0)),
	})
	if diff := cmp.Diff(own, got); diff != "" {
		t.Errorf("a task's own, -want +got:\n%s", diff)
	}
}
