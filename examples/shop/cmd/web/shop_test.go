package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// memory is a cache that knows its answers by the whole command.
type memory map[string]string

func (m memory) Do(_ context.Context, args ...string) (string, error) {
	answer, ok := m[strings.Join(args, " ")]
	if !ok {
		return "", errors.New("cache is away")
	}
	return answer, nil
}

func TestFront(t *testing.T) {
	full := memory{"INCR visits": "7", "GET schema": "3", "GET product:1": "teapot", "PING": "PONG"}
	for name, test := range map[string]struct {
		cache  memory
		path   string
		status int
		body   string
		log    string
	}{
		"counts visitors":          {full, "/", 200, "welcome to the qa shop, visitor 7 (schema 3)\n", "GET / 200\n"},
		"shows a product":          {full, "/products/1", 200, "teapot\n", "GET /products/1 200\n"},
		"is healthy, without logs": {full, "/health", 200, "ok\n", ""},
		"says what is wrong":       {memory{}, "/", 503, "cache is away\n", "GET / 503 cache is away\n"},
		"is unhealthy alone":       {memory{}, "/health", 503, "cache is away\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			s := shop{stage: "qa", cache: test.cache, log: &log}
			w := httptest.NewRecorder()
			s.front().ServeHTTP(w, httptest.NewRequest(http.MethodGet, test.path, http.NoBody))
			if w.Code != test.status || w.Body.String() != test.body || log.String() != test.log {
				t.Errorf("got %d %q, logged %q; want %d %q, logged %q", w.Code, w.Body, log.String(), test.status, test.body, test.log)
			}
		})
	}
}

func TestAdminNeedsTheToken(t *testing.T) {
	for name, test := range map[string]struct {
		token, given string
		want         int
	}{
		"the right one flushes":         {"s3cret", "s3cret", 200},
		"a wrong one is refused":        {"s3cret", "guess", 403},
		"no token closes it altogether": {"", "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			s := shop{token: test.token, cache: memory{"FLUSHALL": "OK"}, log: &strings.Builder{}}
			r := httptest.NewRequest(http.MethodPost, "/flush", http.NoBody)
			r.Header.Set("X-Shop-Token", test.given)
			w := httptest.NewRecorder()
			s.admin().ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("got %d, want %d", w.Code, test.want)
			}
		})
	}
}

func TestHealthSubcommand(t *testing.T) {
	s := httptest.NewServer(shop{cache: memory{"PING": "PONG"}}.front())
	defer s.Close()
	if err := health(t.Context(), s.URL+"/health"); err != nil {
		t.Error(err)
	}
	if err := health(t.Context(), s.URL+"/nowhere"); err == nil {
		t.Error("a page that is not there counts as healthy")
	}
}

func TestServersStopWhenAsked(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := serve(ctx, &http.Server{Addr: "127.0.0.1:0"}, &http.Server{Addr: "127.0.0.1:0"}); err != nil {
		t.Error(err)
	}
}

func TestAServerThatCannotStartStopsTheOther(t *testing.T) {
	if err := serve(t.Context(), &http.Server{Addr: "127.0.0.1:0"}, &http.Server{Addr: "no-port"}); err == nil {
		t.Error("no error")
	}
}
