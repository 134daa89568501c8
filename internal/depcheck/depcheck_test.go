package depcheck

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pure lists what each pure package may import beside the standard library's
// harmless part.
func pure() map[string][]string {
	return map[string][]string{
		"diag":                 {},
		"pod":                  {},
		"devcluster/scheduler": {},
		"render":               {"dce/internal/diag", "github.com/compose-spec/compose-go/v2/types", "go.yaml.in/yaml/v4"},
		"reap":                 {"dce/internal/render"},
		"task": {
			"dce/internal/diag", "dce/internal/render",
			"github.com/mesos/mesos-go/api/v1/lib", "github.com/mesos/mesos-go/api/v1/lib/executor",
		},
	}
}

// impure are the packages of the standard library that touch the world.
func impure() []string {
	return []string{"os", "net", "log", "io/ioutil", "math/rand", "plugin", "runtime", "syscall", "testing", "unsafe", "context", "sync"}
}

func TestPurePackagesImportNothingNew(t *testing.T) {
	for pkg, allowed := range pure() {
		found := imports(t, filepath.Join("..", pkg))
		if len(found) == 0 {
			t.Errorf("internal/%s: no imports found, is it still there?", pkg)
		}
		for path, file := range found {
			if !slices.Contains(allowed, path) && !harmless(path) {
				t.Errorf("%s imports %s: internal/%s is pure (design.md section 3); take values, return values", file, path, pkg)
			}
		}
	}
}

func TestTheCheckSeesWhatIsImpure(t *testing.T) {
	for path, want := range map[string]bool{
		"strings": true, "encoding/json": true, "os": false, "os/exec": false, "net/http": false, "log/slog": false,
		"dce/internal/engine": false, "github.com/moby/moby/client": false, "net": false, "path": true,
	} {
		if got := harmless(path); got != want {
			t.Errorf("harmless(%q) = %v", path, got)
		}
	}
}

// harmless says that a package is the standard library's and touches nothing
// outside the process.
func harmless(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	if strings.Contains(first, ".") || first == "dce" {
		return false
	}
	return !slices.ContainsFunc(impure(), func(bad string) bool {
		return path == bad || strings.HasPrefix(path, bad+"/")
	})
}

// imports are the packages that a directory's files import, tests left out,
// each with one file that does.
func imports(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[path] = file
		}
	}
	return found
}
