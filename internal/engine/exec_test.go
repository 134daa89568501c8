package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dce/internal/engine"
	"dce/internal/enginetest"
)

func TestACommandRunsInAService(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "exec")
	p := f.pod(`
  web:
    %shared%
    command: [sleep, "1000"]
    environment: {OWN: yes-it-is}
`)
	f.up(p)
	defer f.down(p)
	e := enginetest.Connect(t, engine.Options{})
	sh := func(script string) engine.Command {
		return engine.Command{Service: "web", Argv: []string{"sh", "-c", script}, Env: []string{"GIVEN=too"}, MaxOutput: 100}
	}
	for name, tt := range map[string]struct {
		command engine.Command
		want    engine.Ran
		err     error
	}{
		"what it writes and how it ends":       {sh("echo out; exit 3"), engine.Ran{ExitCode: 3, Output: "out"}, nil},
		"what it writes beside that":           {sh("echo err >&2"), engine.Ran{Output: "err"}, nil},
		"the container's environment and ours": {sh(`echo "$OWN $GIVEN"`), engine.Ran{Output: "yes-it-is too"}, nil},
		"of much output the end":               {sh("yes | head -c 100000; echo end"), engine.Ran{Output: "... " + strings.Repeat("y\n", 48) + "end"}, nil},
		"a service that is not there":          {engine.Command{Service: "db", Argv: []string{"true"}}, engine.Ran{}, engine.ErrNoContainer},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := e.Exec(t.Context(), f.id, tt.command)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %+v, %v; want %+v, %v", got, err, tt.want, tt.err)
			}
		})
	}
	t.Run("a program that is not there", func(t *testing.T) {
		got, err := e.Exec(t.Context(), f.id, engine.Command{Service: "web", Argv: []string{"/no/such/program"}})
		if err == nil && got.ExitCode == 0 || !strings.Contains(got.Output+errText(err), "/no/such/program") {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestACommandThatIsGivenUpIsKilled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "execkill")
	p := f.pod(`
  web:
    %shared%
    command: [sleep, "1000"]
`)
	f.up(p)
	defer f.down(p)
	e := enginetest.Connect(t, engine.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	mark := "2" + strings.Repeat("0", 5) + f.id[len(f.id)-3:] // seconds, and found in the process list
	mark = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return '1'
	}, mark)
	go func() {
		_, err := e.Exec(ctx, f.id, engine.Command{Service: "web", Argv: []string{"sh", "-c", "sleep " + mark + "; true"}})
		ended <- err
	}()
	enginetest.Eventually(t, time.Minute, "the command to run", func() (bool, string) { return len(sleeping(mark)) > 0, "" })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	enginetest.Eventually(t, time.Minute, "the command and its child to be gone", func() (bool, string) {
		left := sleeping(mark)
		return len(left) == 0, strings.Join(left, ", ")
	})
}

// sleeping lists the processes of this machine with the mark in their arguments.
func sleeping(mark string) []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		if argv, err := os.ReadFile(file); err == nil && strings.Contains(string(argv), mark) {
			found = append(found, strings.ReplaceAll(string(argv), "\x00", " "))
		}
	}
	return found
}
