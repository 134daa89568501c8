package doctest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/cli"
	"dce/internal/enginetest"
)

// testedVersion is what both sides of a comparison say that they are.
const testedVersion = "tested"

// said is what a command has answered.
type said struct {
	Code           int
	Stdout, Stderr string
}

// mostBytes is what a released binary may weigh: every agent fetches it.
const mostBytes = 36e6

// A release is built from sources that scripts/slim has changed, and the tests
// run what it started from.
func TestAReleasedBinary(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "dce")
	if err := enginetest.BuildDCE(t.Context(), binary, testedVersion); err != nil {
		t.Fatal(err)
	}
	t.Run("is small", func(t *testing.T) {
		info, err := os.Stat(binary)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > mostBytes {
			t.Errorf("the binary has %d bytes; see scripts/slim: did something make the linker keep every method again?", info.Size())
		}
	})
	t.Run("keeps its heap in small pages", func(t *testing.T) { hasSmallPages(t, binary) })
	t.Run("renders as the tested code", func(t *testing.T) { rendersAsTested(t, binary) })
}

// hasSmallPages looks at the heap of a process that goes on, for the mark that
// madvise(2) leaves (proc(5): nh).
func hasSmallPages(t *testing.T, binary string) {
	t.Helper()
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("this kernel has no huge pages: ", err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "reap", "--watch")
	cmd.Env = append(home(), "DOCKER_HOST=unix:///nonexistent", "DCE_LEASE_DIR="+t.TempDir())
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	if line, err := bufio.NewReader(said).ReadString('\n'); err != nil {
		t.Fatalf("it says %q: %v", line, err)
	}
	smaps, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if flags := flagsOfHeap(string(smaps)); !slices.Contains(flags, "nh") {
		t.Errorf("the flags of its heap are %q, without nh; see scripts/link-flags", flags)
	}
}

// flagsOfHeap are those of the writable mapping of no file that has the most in
// memory.
func flagsOfHeap(smaps string) (flags []string) {
	most, size, writable := 0, 0, false
	for line := range strings.Lines(smaps) {
		fields := strings.Fields(line)
		switch {
		case strings.Contains(fields[0], "-"):
			writable = strings.HasPrefix(fields[1], "rw") && len(fields) == 5
		case fields[0] == "Rss:":
			size, _ = strconv.Atoi(fields[1])
		case fields[0] == "VmFlags:" && writable && size > most:
			most, flags = size, fields[1:]
		}
	}
	return flags
}

func rendersAsTested(t *testing.T, binary string) {
	t.Helper()
	for _, args := range renders(t) {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tested(t, args), ran(t, binary, args)); diff != "" {
				t.Errorf("-tested +released\n%s", diff)
			}
		})
	}
}

// renders are command lines for what is in the repository, and for the corpus
// where it stands beside it.
func renders(t *testing.T) [][]string {
	t.Helper()
	shop := absolute(t, repo, "examples", "shop")
	wrong := filepath.Join(t.TempDir(), "compose.yaml")
	if err := os.WriteFile(wrong, []byte("services:\n  web:\n    image: web\n    prots: [80]\n    mem_limit: [1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := [][]string{
		{"-C", shop, "render"},
		{"-C", shop, "render", "--env", "qa"},
		{"-C", shop, "render", "--env", "prod"},
		{"render", "--file", wrong},
	}
	corpus := absolute(t, repo, "..", "shared", "corpus")
	err := filepath.WalkDir(corpus, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")) {
			lines = append(lines, []string{"render", "--file", path})
		}
		return nil // without a corpus the repository's own files do
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func absolute(t *testing.T, elements ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// home is the whole environment: what ~ means is asked of the process too.
func home() []string { return []string{"HOME=" + os.Getenv("HOME")} }

func ran(t *testing.T, binary string, args []string) said {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", home(), &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return said{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func tested(t *testing.T, args []string) said {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Main(context.Background(), cli.Env{
		Program: "dce", Args: args, Version: testedVersion, Dir: "/", Environ: home(),
		Unsetenv: func(string) {}, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Interrupts: make(chan cli.Interrupt),
	})
	return said{code, stdout.String(), stderr.String()}
}
