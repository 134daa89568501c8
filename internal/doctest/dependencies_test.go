package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryDirectDependencyIsExplained(t *testing.T) {
	direct := directDependencies(t)
	page, err := os.ReadFile(filepath.Join(repo, "docs", "dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for line := range strings.Lines(string(page)) {
		cell, isRow := strings.CutPrefix(line, "| ")
		if !isRow {
			continue
		}
		cell, _, _ = strings.Cut(cell, " |")
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			explained = append(explained, name[1])
		}
	}
	for _, module := range direct {
		if !slices.Contains(explained, module) {
			t.Errorf("docs/dependencies.md does not say why dce needs %s", module)
		}
	}
	for _, module := range explained {
		if !slices.ContainsFunc(direct, func(d string) bool { return module == d || strings.HasPrefix(module, d+"/") }) {
			t.Errorf("docs/dependencies.md explains %s, which go.mod does not require", module)
		}
	}
}

// directDependencies are the modules that go.mod requires without "indirect".
func directDependencies(t *testing.T) []string {
	t.Helper()
	mod, err := os.ReadFile(filepath.Join(repo, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "\t") && len(fields) == 2 {
			modules = append(modules, fields[0])
		}
	}
	if len(modules) < 5 {
		t.Fatalf("found only %v in go.mod", modules)
	}
	return modules
}
