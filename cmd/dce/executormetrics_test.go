package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"dce/internal/devcluster/agent"
	"dce/internal/enginetest"
)

// The operator says where executors show what they are at, and a job's own wish
// does not count then.
func TestMetricsAreServedWhereTheOperatorSays(t *testing.T) {
	t.Parallel()
	s := onAgent(t, agent.Options{})
	s.operators = "agent: {metrics: '127.0.0.1:0'}\n"
	s.command = "exec 'dce' executor --metrics textfile:of-the-job.prom"
	task := s.launch(map[string]string{"compose.yaml": twoServices})
	s.told(mesos.TASK_STARTING)
	s.told(mesos.TASK_RUNNING)
	found := regexp.MustCompile(`metrics are shown" address=(\S+)`).FindStringSubmatch(s.read("stderr"))
	if found == nil {
		t.Fatalf("no address is said\n%s", s.read("stderr"))
	}
	enginetest.Eventually(t, time.Minute, "a pod that runs, and nothing that waits for the agent", func() (bool, string) {
		text, kind := s.scrape("http://"+found[1]+"/metrics", http.StatusOK)
		samples := exposition(t, text)
		good := kind == "text/plain; version=0.0.4; charset=utf-8" && samples[`dce_executor_pods{state="running"}`] == "1" &&
			samples[`dce_executor_pods{state="failed"}`] == "0" && samples["dce_executor_updates_unacknowledged"] == "0"
		return good, kind + "\n" + text
	})
	s.scrape("http://"+found[1]+"/debug/pprof/", http.StatusNotFound)
	if _, err := os.Stat(filepath.Join(s.sandbox(), "of-the-job.prom")); err == nil {
		t.Error("the job's wish counts too")
	}
	s.kill(task, nil)
	s.told(mesos.TASK_KILLED)
	s.gone()
	if _, err := http.Get("http://" + found[1] + "/metrics"); err == nil { //nolint:bodyclose // there is none
		t.Error("the metrics of an executor that has ended are served")
	}
}

func (s *stage) scrape(url string, status int) (text, kind string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, url, nil)
	if err != nil {
		s.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		s.Fatalf("%s: status %d, want %d, %v", url, answer.StatusCode, status, err)
	}
	return string(body), answer.Header.Get("Content-Type")
}

// exposition reads Prometheus' text format strictly: each metric has its help,
// then its type, then its samples, once.
func exposition(t *testing.T, text string) map[string]string {
	t.Helper()
	var (
		help   = regexp.MustCompile(`^# HELP ([a-z_]+) \S.*$`)
		typed  = regexp.MustCompile(`^# TYPE ([a-z_]+) (counter|gauge)$`)
		sample = regexp.MustCompile(`^(([a-z_]+)(?:\{[a-z_]+="[^"\\]*"\})?) ([0-9]+)$`)
	)
	if !strings.HasSuffix(text, "\n") {
		t.Fatalf("the last line is not ended: %q", text)
	}
	samples, seen := map[string]string{}, map[string]bool{}
	helped, known, kind := "", "", ""
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if m := help.FindStringSubmatch(line); m != nil && !seen[m[1]] {
			helped, seen[m[1]] = m[1], true
		} else if m := typed.FindStringSubmatch(line); m != nil && m[1] == helped && known != helped {
			known, kind = m[1], m[2]
		} else if m := sample.FindStringSubmatch(line); m != nil && m[2] == known && samples[m[1]] == "" && strings.HasSuffix(known, "_total") == (kind == "counter") {
			samples[m[1]] = m[3]
		} else {
			t.Fatalf("line %q does not belong there:\n%s", line, text)
		}
	}
	return samples
}
