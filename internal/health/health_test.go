package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// told runs a check whose results are given, an empty text being a success
// and ? none,
// and returns each verdict with the time it was told at.
func told(t *testing.T, pace Pace, results ...string) []string {
	t.Helper()
	var got []string
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		start := time.Now()
		probe := func(context.Context) error {
			if len(results) == 0 {
				cancel()
				return nil
			}
			text := results[0]
			results = results[1:]
			switch text {
			case "":
				return nil
			case "?":
				return fmt.Errorf("no engine: %w", ErrNoResult)
			}
			return errors.New(text)
		}
		Run(ctx, pace, probe, func(v Verdict) {
			got = append(got, fmt.Sprintf("%s healthy=%t fatal=%t %s", time.Since(start), v.Healthy, v.Fatal, v.Message))
		})
	})
	return got
}

func TestRun(t *testing.T) {
	pace := Pace{Delay: 15 * time.Second, Interval: 10 * time.Second, Grace: 30 * time.Second, Failures: 3}
	tests := map[string]struct {
		results []string
		want    []string
	}{
		"the first success is told, the next ones are not": {
			[]string{"", "", ""},
			[]string{"15s healthy=true fatal=false "},
		},
		"failures before the first success do not count within the grace period": {
			[]string{"x", "x", ""},
			[]string{"35s healthy=true fatal=false "},
		},
		"failures count after the grace period, also without a success": {
			[]string{"x", "x", "x", "x", "x"},
			[]string{
				"35s healthy=false fatal=false health check failed 1 of 3 times in a row: x",
				"45s healthy=false fatal=false health check failed 2 of 3 times in a row: x",
				"55s healthy=false fatal=true health check failed 3 of 3 times in a row: x",
			},
		},
		"a check that could not be made counts for nothing": {
			[]string{"", "x", "?", "x", "?", "?", "x"},
			[]string{
				"15s healthy=true fatal=false ",
				"25s healthy=false fatal=false health check failed 1 of 3 times in a row: x",
				"45s healthy=false fatal=false health check failed 2 of 3 times in a row: x",
				"1m15s healthy=false fatal=true health check failed 3 of 3 times in a row: x",
			},
		},
		"after the first success the grace period is over": {
			[]string{"", "x", "", "x", "x", "x"},
			[]string{
				"15s healthy=true fatal=false ",
				"25s healthy=false fatal=false health check failed 1 of 3 times in a row: x",
				"35s healthy=true fatal=false ",
				"45s healthy=false fatal=false health check failed 1 of 3 times in a row: x",
				"55s healthy=false fatal=false health check failed 2 of 3 times in a row: x",
				"1m5s healthy=false fatal=true health check failed 3 of 3 times in a row: x",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, told(t, pace, tt.results...)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestACheckThatHangsFailsAtItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		var got []Verdict
		Run(t.Context(), Pace{Timeout: 20 * time.Second, Failures: 1}, hang, func(v Verdict) { got = append(got, v) })
		want := []Verdict{{Fatal: true, Message: "health check failed 1 of 1 times in a row: no answer within 20s"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestACancelledCheckTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		Run(ctx, Pace{Failures: 1}, hang, func(v Verdict) { t.Errorf("told %v", v) })
	})
}

func TestHTTP(t *testing.T) {
	for status, healthy := range map[int]bool{200: true, 204: true, 302: true, 399: true, 400: false, 404: false, 500: false} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/never-followed")
				w.WriteHeader(status)
			}))
			defer server.Close()
			err := HTTP(server.URL)(t.Context())
			if (err == nil) != healthy {
				t.Errorf("status %d: %v", status, err)
			}
			if err != nil && !strings.Contains(err.Error(), fmt.Sprint(status)) {
				t.Errorf("the error does not name the status: %v", err)
			}
		})
	}
}

func TestHTTPDoesNotCheckTheCertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	if err := HTTP(server.URL)(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTCP(t *testing.T) {
	tests := map[string]struct {
		serve   func(net.Conn)
		healthy bool
	}{
		"a server that waits":              {func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }, true},
		"a server that talks first":        {func(c net.Conn) { _, _ = c.Write([]byte("hello")); _, _ = c.Read(make([]byte, 1)) }, true},
		"a proxy with nothing behind it":   {func(c net.Conn) { c.Close() }, false},
		"nothing that listens on the port": {nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			port, stop := listen(t, tt.serve)
			defer stop()
			if err := TCP("127.0.0.1", port)(t.Context()); (err == nil) != tt.healthy {
				t.Errorf("got %v", err)
			}
		})
	}
}

// listen serves one connection on a port of its own; without serve the port is
// closed again.
func listen(t *testing.T, serve func(net.Conn)) (uint16, func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	if serve == nil {
		l.Close()
		return port, func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		serve(c)
	}()
	return port, func() { l.Close(); <-done }
}
