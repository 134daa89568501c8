//go:build unix

package devcluster

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// stage is a cluster and a person who talks to it.
type stage struct {
	*testing.T

	cluster *Cluster
}

func start(t *testing.T, o Options) *stage {
	t.Helper()
	o.Dir = t.TempDir()
	c, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := c.Drain(ctx); err != nil {
			t.Error(err)
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})

	return &stage{t, c}
}

// call asks and reads the answer.
func (s *stage) call(method, path, body string) (int, string) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), method, s.cluster.URL()+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}

	return response.StatusCode, string(text)
}

// want asks and insists on a status.
func (s *stage) want(status int, method, path, body string) string {
	s.Helper()
	got, text := s.call(method, path, body)
	if got != status {
		s.Fatalf("%s %s: %d, want %d\n%s", method, path, got, status, text)
	}

	return text
}

// get reads JSON of a path.
func (s *stage) get(path string, into any) {
	s.Helper()
	if err := json.Unmarshal([]byte(s.want(http.StatusOK, http.MethodGet, path, "")), into); err != nil {
		s.Fatal(err)
	}
}

// settled waits until no deployment is under way.
func (s *stage) settled() {
	s.Helper()
	s.until("no deployment is under way", func() bool {
		return bytes.Equal([]byte(s.want(http.StatusOK, http.MethodGet, "/v2/deployments", "")), []byte("[]"))
	})
}

func (s *stage) until(what string, is func() bool) {
	s.Helper()
	deadline := time.Now().Add(time.Minute)
	for !is() {
		if time.Now().After(deadline) {
			s.Fatalf("not within a minute: %s\n%s", what, s.want(http.StatusOK, http.MethodGet, "/v2/apps?embed=apps.tasks&embed=apps.lastTaskFailure", ""))
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.Context().Done():
			s.Fatal("the test is over")
		}
	}
}
