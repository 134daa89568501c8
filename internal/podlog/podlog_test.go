package podlog

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, l *Log, lines ...Line) {
	t.Helper()
	for _, line := range lines {
		if err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func opened(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// never stands before a line whose time nobody knows.
const never = "0001-01-01T00:00:00.000000000Z "

// files is what a directory holds, by name.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(data)
	}
	return got
}

func TestLinesGoToTheirFileAndToTheCommonStream(t *testing.T) {
	dir := t.TempDir()
	var out, err bytes.Buffer
	write(
		t, New(Options{Dir: opened(t, dir), Stdout: &out, Stderr: &err}, []string{"web", "cache"}),
		Line{Service: "web", Text: "hello", Time: time.Date(2026, 11, 22, 12, 0, 0, 5000, time.FixedZone("", 3600))}, Line{Service: "cache", Stderr: true, Text: "oops"}, Line{Service: "web", Text: "bye"},
	)
	want := map[string]string{"web.stdout": "2026-11-22T11:00:00.000005000Z hello\n" + never + "bye\n", "cache.stderr": never + "oops\n"}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files -want +got:\n%s", diff)
	}
	if diff := cmp.Diff("web   | hello\nweb   | bye\n", out.String()); diff != "" {
		t.Errorf("stdout -want +got:\n%s", diff)
	}
	if diff := cmp.Diff("cache | oops\n", err.String()); diff != "" {
		t.Errorf("stderr -want +got:\n%s", diff)
	}
}

func TestFilesAreTurnedOverAtTheirLimit(t *testing.T) {
	tests := map[string]struct {
		keep int
		want map[string]string
	}{
		"two are kept":        {2, map[string]string{"web.stdout": never + "55555\n", "web.stdout.1": never + "44444\n", "web.stdout.2": never + "33333\n"}},
		"one is kept":         {1, map[string]string{"web.stdout": never + "55555\n", "web.stdout.1": never + "44444\n"}},
		"none is kept":        {-1, map[string]string{"web.stdout": never + "55555\n"}},
		"the default is two":  {0, map[string]string{"web.stdout": never + "55555\n", "web.stdout.1": never + "44444\n", "web.stdout.2": never + "33333\n"}},
		"more than there are": {9, map[string]string{"web.stdout": never + "55555\n", "web.stdout.1": never + "44444\n", "web.stdout.2": never + "33333\n", "web.stdout.3": never + "22222\n", "web.stdout.4": never + "11111\n"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := New(Options{Dir: opened(t, dir), MaxBytes: 8, Keep: tt.keep}, nil)
			for _, c := range "12345" {
				if err := l.Write(Line{Service: "web", Text: strings.Repeat(string(c), 5)}); err != nil {
					t.Fatal(err)
				}
			}
			write(t, l)
			if diff := cmp.Diff(tt.want, files(t, dir)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestALineLongerThanTheLimitIsKeptWhole(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("x", 100)
	write(t, New(Options{Dir: opened(t, dir), MaxBytes: 8}, nil), Line{Service: "web", Text: long})
	if diff := cmp.Diff(map[string]string{"web.stdout": never + long + "\n"}, files(t, dir)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestALogGoesOnWhereAnEarlierOneEnded(t *testing.T) {
	dir := t.TempDir()
	write(t, New(Options{Dir: opened(t, dir)}, nil), Line{Service: "web", Text: "one"})
	write(t, New(Options{Dir: opened(t, dir)}, nil), Line{Service: "web", Text: "two"})
	if diff := cmp.Diff(map[string]string{"web.stdout": never + "one\n" + never + "two\n"}, files(t, dir)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestANameThatIsNoServiceGetsNoFileButItsLineIsShown(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../../etc/passwd", "a/b", "a\nb", "a\x00b"} {
		dir := t.TempDir()
		var out bytes.Buffer
		l := New(Options{Dir: opened(t, dir), Stdout: &out}, nil)
		if err := l.Write(Line{Service: name, Text: "x"}); err == nil {
			t.Errorf("service %q: no error", name)
		}
		if !strings.HasSuffix(out.String(), "| x\n") {
			t.Errorf("service %q: its line is lost, the stream holds %q", name, out.String())
		}
		if got := files(t, dir); len(got) > 0 {
			t.Errorf("service %q made %v", name, slices.Collect(maps.Keys(got)))
		}
	}
}

func TestALinkInTheSandboxIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.Symlink(outside, filepath.Join(dir, "web.stdout")); err != nil {
		t.Fatal(err)
	}
	if err := New(Options{Dir: opened(t, dir)}, nil).Write(Line{Service: "web", Text: "x"}); err == nil {
		t.Error("a line was written through a link")
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("a file outside of the sandbox was made")
	}
}

// A pod that has the sandbox mounted can put a named pipe there, which nobody reads
// or nobody but the pod.
func TestANamedPipeInTheSandboxIsNotWaitedFor(t *testing.T) {
	for name, read := range map[string]bool{"which nobody reads": false, "which the pod reads": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			pipe := filepath.Join(dir, "web.stdout")
			if out, err := exec.CommandContext(t.Context(), "mkfifo", pipe).CombinedOutput(); err != nil {
				t.Skipf("no named pipes here: %v %s", err, out)
			}
			if read {
				reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer reader.Close()
			}
			wrote := make(chan error, 1)
			l := New(Options{Dir: opened(t, dir)}, nil)
			go func() { wrote <- l.Write(Line{Service: "web", Text: "x"}) }()
			select {
			case err := <-wrote:
				if err == nil {
					t.Error("a line was written into it")
				}
			case <-time.After(10 * time.Second):
				if reader, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil { // so that the test ends
					defer reader.Close()
				}
				t.Fatal("it is waited for")
			}
			write(t, l, Line{Service: "web", Stderr: true, Text: "y"})
			if got, err := os.ReadFile(filepath.Join(dir, "web.stderr")); err != nil || string(got) != never+"y\n" {
				t.Errorf("the other file holds %q, %v", got, err)
			}
		})
	}
}

// A pod that has the sandbox mounted can put another directory in the place of
// that of the log files.
func TestADirectoryThatIsSwappedGetsNothing(t *testing.T) {
	sandbox, outside := t.TempDir(), t.TempDir()
	dir, moved := filepath.Join(sandbox, "dce-logs"), filepath.Join(sandbox, "moved")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l := New(Options{Dir: opened(t, dir), MaxBytes: 8}, nil)
	if err := l.Write(Line{Service: "web", Text: "one"}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(dir, moved), os.Symlink(outside, dir)); err != nil {
		t.Fatal(err)
	}
	write(t, l, Line{Service: "web", Text: "two"}, Line{Service: "web", Stderr: true, Text: "three"})
	if got := files(t, outside); len(got) > 0 {
		t.Errorf("written outside: %v", got)
	}
	want := map[string]string{"web.stdout": never + "two\n", "web.stdout.1": never + "one\n", "web.stderr": never + "three\n"}
	if diff := cmp.Diff(want, files(t, moved)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	l := New(Options{Dir: opened(t, dir)}, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if err := l.Write(Line{Service: "web", Text: "line"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	write(t, l)
	if got := strings.Count(files(t, dir)["web.stdout"], "line\n"); got != 800 {
		t.Errorf("%d lines of 800", got)
	}
}

func TestALineIsTakenApartAsItWasWritten(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 123, time.UTC)
	for name, test := range map[string]struct {
		line string
		at   time.Time
		text string
	}{
		"with a time":            {Stamp(at) + "hello", at, "hello"},
		"empty":                  {Stamp(at), at, ""},
		"with a time of its own": {Stamp(at) + Stamp(at.Add(1)) + "x", at, Stamp(at.Add(1)) + "x"},
		"of no known time":       {never + "hello", time.Time{}, "hello"},
		"short":                  {"hello", time.Time{}, "hello"},
		"without a time":         {strings.Repeat("x", 40), time.Time{}, strings.Repeat("x", 40)},
		"nothing":                {"", time.Time{}, ""},
	} {
		if got, text := Unstamp(test.line); !got.Equal(test.at) || text != test.text {
			t.Errorf("%s: %v, %q", name, got, text)
		}
	}
}
