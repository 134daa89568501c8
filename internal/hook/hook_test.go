package hook_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dce/internal/hook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run runs a command, and returns what it wrote.
func run(ctx context.Context, t *testing.T, c hook.Call) (string, error) {
	t.Helper()
	var lines []string
	c.Line = func(text string) { lines = append(lines, text) }
	c.Environ = append(os.Environ(), c.Environ...)
	err := hook.Run(ctx, c)
	return strings.Join(lines, "|"), err
}

func TestACommandRunsAsAShellTakesIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got, err := run(t.Context(), t, hook.Call{
		Command: `read -r line; echo "$line, $NAME"; echo two words >&2; pwd; printf last`,
		Dir:     dir, Environ: []string{"NAME=ann"}, Input: []byte("hello\n"),
	})
	if want := "hello, ann|two words|" + dir + "|last"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestAFailureTellsTheLastLines(t *testing.T) {
	t.Parallel()
	_, err := run(t.Context(), t, hook.Call{Command: "seq 1 30; exit 3"})
	f, ok := errors.AsType[*hook.Failure](err)
	ended, code := errors.AsType[*exec.ExitError](err)
	if !ok || !code || ended.ExitCode() != 3 || len(f.Last) != 10 || f.Last[0] != "21" || f.Last[9] != "30" {
		t.Errorf("got %v, %+v", err, f)
	}
}

func TestWhatIsNotThereFails(t *testing.T) {
	t.Parallel()
	if _, err := run(t.Context(), t, hook.Call{Command: "./no-such-script"}); err == nil {
		t.Error("a script that is not there ended well")
	}
	if _, err := run(t.Context(), t, hook.Call{Command: "true", Dir: t.TempDir() + "/no"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
}

func TestALongLineComesInParts(t *testing.T) {
	t.Parallel()
	got, err := run(t.Context(), t, hook.Call{Command: `head -c 200000 /dev/zero | tr '\0' x`})
	if err != nil || strings.Count(got, "x") != 200000 || !strings.Contains(got, "|") {
		t.Errorf("%d bytes in %d parts, %v", len(got), strings.Count(got, "|")+1, err)
	}
}

// A command that ends by an interrupt has time to say so; one that does not is
// killed, and what it has started keeps nobody waiting.
func TestACommandIsEnded(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]string{
		"by an interrupt": `trap 'echo bye; exit 0' INT; echo on; while :; do sleep 0.05; done`,
		"by a kill":       `trap '' INT; echo on; while :; do sleep 0.05; done`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			reason := errors.New("Ctrl-C")
			var lines []string
			err := hook.Run(ctx, hook.Call{Command: command, Environ: os.Environ(), Line: func(text string) {
				if lines = append(lines, text); text == "on" {
					cancel(reason)
				}
			}})
			if name == "by an interrupt" && !slices.Contains(lines, "bye") {
				t.Errorf("it wrote %q", lines)
			}
			if name == "by a kill" && !errors.Is(err, reason) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestACommandThatTakesTooLong(t *testing.T) {
	t.Parallel()
	_, err := run(t.Context(), t, hook.Call{Command: "exec sleep 600", Timeout: 50 * time.Millisecond})
	if !errors.Is(err, hook.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestWhatACommandLeavesRunningKeepsNobody(t *testing.T) {
	t.Parallel()
	got, err := run(t.Context(), t, hook.Call{Command: "echo first; sleep 60 & echo $!"})
	if err != nil || !strings.HasPrefix(got, "first|") {
		t.Errorf("got %q, %v", got, err)
	}
	_ = exec.CommandContext(t.Context(), "kill", strings.TrimPrefix(got, "first|")).Run() // it may have ended
}
