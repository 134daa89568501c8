package mesos

import (
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// TestThePackageKnowsNothingOfPods holds the charter: diag is all it imports of
// this module, and of mesos-go only what has no state of its own.
func TestThePackageKnowsNothingOfPods(t *testing.T) {
	allowed := map[string]bool{
		"dce/internal/diag":                             true,
		"github.com/mesos/mesos-go/api/v1/lib":          true,
		"github.com/mesos/mesos-go/api/v1/lib/executor": true,
		"github.com/cenkalti/backoff/v5":                true,
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			path := strings.Trim(i.Path.Value, `"`)
			if own := strings.HasPrefix(path, "dce/") || strings.Contains(path, "."); own && !allowed[path] {
				t.Errorf("%s imports %s", e.Name(), path)
			}
		}
	}
}
