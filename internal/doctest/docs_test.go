package doctest

import (
	"context"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	_ "dce/internal/cli" // built by buildTools: a change there must not leave a cached result
	"dce/internal/devcluster/scheduler"
	"dce/internal/enginetest"
	"dce/internal/project"
)

// updating reports whether -update was given: what the commands print is then
// written into the documentation. The flag itself comes with docker/compose,
// which links a package of gotest.tools that defines it.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// repo is the root of the repository as seen from this package.
const repo = "../.."

func TestDocumentation(t *testing.T) {
	build := sync.OnceValue(func() tools { return buildTools(t) })
	for _, file := range documents(t) {
		t.Run(file, func(t *testing.T) {
			runDocument(t, filepath.Join(repo, file), build)
		})
	}
}

// documents are the Markdown files that people read, without the generated
// reference and the records of decisions.
func documents(t *testing.T) []string {
	t.Helper()
	files := []string{"README.md", "CONTRIBUTING.md"}
	err := filepath.WalkDir(filepath.Join(repo, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "reference" || d.Name() == "adr") {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			rel, _ := filepath.Rel(repo, path)
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// buildTools makes dce and the shop's programs as make does, and returns their
// directories.
func buildTools(t *testing.T) tools {
	t.Helper()
	dirs := tools{dce: t.TempDir(), shop: t.TempDir()}
	if err := enginetest.BuildDCE(t.Context(), filepath.Join(dirs.dce, "dce"), testedVersion); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", dirs.shop+"/", "./examples/shop/cmd/...")
	build.Dir = repo
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the shop: %v\n%s", err, out)
	}
	return dirs
}

type tools struct{ dce, shop string }

func runDocument(t *testing.T, path string, build func() tools) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := Blocks(string(text))
	if err != nil {
		t.Fatal(err)
	}
	// Linking dce takes longer than all quick tests together, so they only check
	// what can be checked without it.
	full := os.Getenv("DCE_TEST_ENGINE") != ""
	if full {
		enginetest.Require(t)
	} else {
		build = func() tools { return tools{} }
	}
	d := document{session: newSession(t, build(), installs(blocks)), root: t.TempDir(), full: full}
	if installs(blocks) && full {
		if d.session.Machine, err = NewMachine(d.root, "dce", "node_exporter"); err != nil {
			t.Fatal(err)
		}
	}
	updated := string(text)
	grown := 0
	for _, b := range blocks {
		shown := b
		shown.Line += grown
		fresh := d.run(t, path, b)
		if fresh != b.Text {
			updated = Replace(updated, shown, fresh)
			grown += strings.Count(fresh, "\n") - strings.Count(b.Text, "\n")
		}
	}
	if updating() && updated != string(text) {
		if err := os.WriteFile(path, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// installs reports whether a document changes the machine: it names a file by
// its absolute path.
func installs(blocks []Block) bool {
	return slices.ContainsFunc(blocks, func(b Block) bool { return len(b.Args) > 0 && filepath.IsAbs(b.Args[0]) })
}

// newSession starts a reader in a directory that holds examples/shop, with a
// home and a state of its own. One who is to install dce has it in bin.
func newSession(t *testing.T, tools tools, install bool) *Session {
	t.Helper()
	dir := t.TempDir()
	path := tools.dce + ":" + os.Getenv("PATH")
	if install && tools.dce != "" {
		if err := os.CopyFS(filepath.Join(dir, "bin"), os.DirFS(tools.dce)); err != nil {
			t.Fatal(err)
		}
		path = os.Getenv("PATH")
	}
	shop := filepath.Join(dir, "examples", "shop")
	if err := os.CopyFS(shop, os.DirFS(filepath.Join(repo, "examples", "shop"))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(shop, "bin")); err != nil {
		t.Fatal(err)
	}
	if tools.shop != "" {
		if err := os.CopyFS(filepath.Join(shop, "bin"), os.DirFS(tools.shop)); err != nil {
			t.Fatal(err)
		}
	}
	home := t.TempDir()
	environ := []string{
		"HOME=" + home, "XDG_STATE_HOME=" + filepath.Join(home, "state"), "DCE_LEASE_DIR=" + filepath.Join(home, "lease"),
		"PATH=" + path, "LANG=C.UTF-8", "COLUMNS=100",
	}
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		environ = append(environ, "DOCKER_HOST="+host)
	}
	s := &Session{Dir: dir, Environ: environ}
	if tools.dce != "" {
		t.Cleanup(func() { leaveNothing(t, s) })
	}
	return s
}

// leaveNothing ends the pods that a document has left running, and says so.
func leaveNothing(t *testing.T, s *Session) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, pod := range []string{"local.shop", "local.shop-qa", "local.second"} {
		out, exit, err := s.Run(ctx, "dce ps --local "+pod+" -q")
		if err == nil && exit == 0 {
			t.Errorf("%s is left after the document: %s", pod, out)
			_, _, _ = s.Run(ctx, "dce down --local --volumes "+pod)
		}
	}
	if out, _, err := s.Run(ctx, "dce devcluster stop --now"); err == nil && strings.Contains(out, "is gone") {
		t.Error("a devcluster is left after the document")
	}
}

// document is a Markdown file on its way through its blocks.
type document struct {
	session *Session
	// root stands for / in the names of files.
	root string
	// full: run the commands.
	full bool
}

// run tries one block and returns the text that it ought to have.
func (d *document) run(t *testing.T, path string, b Block) string {
	t.Helper()
	at := func(line int) string { return path + ":" + strconv.Itoa(line) }
	switch b.Lang {
	case "console":
		if !d.full {
			return b.Text
		}
		return d.console(t, at, b)
	case "yaml":
		var v any
		if err := yaml.Unmarshal([]byte(b.Text), &v); err != nil {
			t.Errorf("%s: %v", at(b.Line), err)
		}
		if file := d.write(t, b); filepath.Base(file) == "dce.yaml" {
			if _, err := project.ReadOperator(file); err != nil {
				t.Errorf("%s: %v", at(b.Line), err)
			}
		}
	case "dotenv":
		d.write(t, b)
	case "json":
		if !json.Valid([]byte(b.Text)) {
			t.Errorf("%s: is not JSON", at(b.Line))
		}
		if slices.Equal(b.Args, []string{"marathon"}) {
			if _, err := scheduler.NewApp([]byte(b.Text), ""); err != nil {
				t.Errorf("%s: Marathon would refuse it: %v", at(b.Line), err)
			}
			break
		}
		d.write(t, b)
	case "sh":
		if why, unrun := notRun(b); unrun {
			if why == "" {
				t.Errorf("%s: say why it is not run: sh not run: REASON", at(b.Line))
			}
			break
		}
		for line := range strings.Lines(b.Text) {
			checkShell(t, at(b.Line), strings.TrimSpace(line))
		}
	case "", "mermaid", "go":
	default:
		t.Errorf("%s: no test knows what a block of %q is", at(b.Line), b.Lang)
	}
	return b.Text
}

// notRun is why a block of commands cannot be run by a test, as it says itself:
// sh not run: REASON.
func notRun(b Block) (why string, ok bool) {
	return strings.CutPrefix(strings.Join(b.Args, " "), "not run:")
}

// write puts a block that names a file where the reader stands, or where the
// name says, and returns its path.
func (d *document) write(t *testing.T, b Block) (file string) {
	t.Helper()
	if len(b.Args) == 0 {
		return ""
	}
	file = filepath.Join(d.session.Dir, b.Args[0])
	if filepath.IsAbs(b.Args[0]) {
		file = filepath.Join(d.root, b.Args[0])
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(b.Text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// console types the commands of a block. The last one may exit with another
// code than 0 when the block says so, exit=3, and is typed again until it prints
// what it is to print when the block says "eventually": what was started before
// takes a moment.
func (d *document) console(t *testing.T, at func(int) string, b Block) string {
	t.Helper()
	steps := Steps(b)
	for i := range steps {
		s := &steps[i]
		last, want := i == len(steps)-1, 0
		if last {
			want = wantedExit(b)
		}
		got, exit := d.try(t, *s, last && slices.Contains(b.Args, "eventually"))
		if exit != want {
			t.Errorf("%s: %s: exit code %d, want %d\n%s", at(s.Line), s.Command, exit, want, got)
		}
		if Match(s.Want, got) {
			continue
		}
		if !updating() {
			t.Errorf("%s: %s prints\n%s\nthe documentation shows\n%s", at(s.Line), s.Command, got, s.Want)
		}
		s.Want = got
	}
	return Console(steps)
}

// try runs a command, again and again for half a minute if it may be early.
func (d *document) try(t *testing.T, s Step, eventually bool) (output string, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for deadline := time.Now().Add(30 * time.Second); ; {
		got, exit, err := d.session.Run(ctx, s.Command)
		if err != nil {
			t.Fatal(err)
		}
		if !eventually || Match(s.Want, got) || time.Now().After(deadline) {
			return got, exit
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func wantedExit(b Block) int {
	for _, arg := range b.Args {
		if code, ok := strings.CutPrefix(arg, "exit="); ok {
			n, _ := strconv.Atoi(code)
			return n
		}
	}
	return 0
}

// checkShell holds the commands that a test cannot run, since they install
// something or are the tests: they must name what exists.
func checkShell(t *testing.T, at, command string) {
	t.Helper()
	if command == "" || strings.HasPrefix(command, "#") {
		return
	}
	if target, ok := strings.CutPrefix(command, "make "); ok {
		makefile, err := os.ReadFile(filepath.Join(repo, "Makefile"))
		if err != nil {
			t.Fatal(err)
		}
		target, _, _ = strings.Cut(target, "#")
		for name := range strings.FieldsSeq(target) {
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `:`).Match(makefile) {
				t.Errorf("%s: the Makefile has no target %s", at, name)
			}
		}
		return
	}
	known := []string{
		"git clone", "go install ./cmd/dce", "go test ", "sudo install ", "sha256sum ", "docker ", "source ", "dce completion ",
	}
	if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(command, k) }) {
		t.Errorf("%s: nothing checks the command %q: put it into a console block", at, command)
	}
}
