package engine_test

import (
	"strings"
	"testing"
)

func TestConditionsOfDependenciesAreWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "cond")
	p := f.pod(`
  db:
    %shared%
    command: [sh, -c, "sleep 0.3; touch /ok; sleep 100"]
    healthcheck: {test: [CMD, test, -e, /ok], interval: 1s, retries: 20}
  migrate:
    %shared%
    command: [sh, -c, "sleep 0.2"]
    depends_on: {db: {condition: service_healthy}}
  optional:
    %shared%
    command: [sh, -c, "exit 3"]
  web:
    %shared%
    command: [sleep, "100"]
    depends_on:
      migrate: {condition: service_completed_successfully}
      optional: {condition: service_completed_successfully, required: false}
`)
	w := f.watch(p)
	f.up(p)
	f.eventually(w, "all", "web running", "migrate exited 0", "db running healthy", "optional exited 3")
	order := []string{"db running healthy", "migrate running", "migrate exited 0", "web running"}
	last, all := -1, w.transcript()
	for _, step := range order {
		at := strings.Index(all, step)
		if at < last {
			t.Errorf("%q came too early: %s", step, all)
		}
		last = at
	}
	f.down(p)
}

func TestADependencyThatFailsIsNamed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ db, condition, says string }{
		"it exits":        {`command: [sh, -c, "exit 3"]`, "service_completed_successfully", "db, which it waits for, exited with code 3"},
		"it is unhealthy": {"command: [sleep, \"9\"]\n    healthcheck: {test: [CMD, \"false\"], interval: 1s, retries: 1}", "service_healthy", "db, which it waits for, is unhealthy"},
		"no healthcheck":  {`command: [sleep, "9"]`, "service_healthy", "has no healthcheck"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, "dep")
			p := f.pod("\n  db:\n    %shared%\n    " + test.db +
				"\n  web:\n    %shared%\n    command: [sleep, \"9\"]\n    depends_on: {db: {condition: " + test.condition + "}}\n")
			if err := p.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			err := p.Start(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "service web") {
				t.Errorf("got: %v", err)
			}
			if _, err := p.Stop(t.Context(), atOnce, ""); err != nil {
				t.Fatal(err)
			}
			f.down(p)
		})
	}
}

func TestHooksAndInlineConfigs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "hooks")
	p := f.pod(`
  web:
    %shared%
    command: [sh, -c, "cat /greeting; sleep 100"]
    configs: [{source: greeting, target: /greeting}]
    post_start: [{command: [sh, -c, "echo hooked > /proc/1/fd/1"]}]
configs:
  greeting: {content: "good day\n"}
`)
	f.up(p)
	evidence, err := p.Stop(t.Context(), atOnce, f.id+"-web-1")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(evidence.Logs, "; "); got != "good day; hooked" {
		t.Errorf("logs: %q", got)
	}
	f.down(p)
}

// The container of a pre_start hook is in the network of its pod, from which it has
// its name.
func TestAHookBeforeTheStartIsInThePod(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "prestart")
	p := f.pod(`
  web:
    %shared%
    command: [sh, -c, "hostname; cat /data/hook; sleep 100"]
    pre_start: [{command: [sh, -c, "hostname > /data/hook"]}]
    volumes: [/data]
`)
	f.up(p)
	evidence, err := p.Stop(t.Context(), atOnce, f.id+"-web-1")
	if err != nil {
		t.Fatal(err)
	}
	if len(evidence.Logs) != 2 || evidence.Logs[0] != evidence.Logs[1] {
		t.Errorf("logs: %q", evidence.Logs)
	}
	f.down(p)
}
