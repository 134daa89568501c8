package diag_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dce/internal/diag"
)

// used finds the codes that the program's own source gives to problems, with a
// file for each. This package, which only lists them, does not count.
func used(t *testing.T) map[diag.Code]string {
	t.Helper()
	code := regexp.MustCompile(`"(DCE[0-9]{3})"`)
	found := map[diag.Code]string{}
	for path, source := range sources(t) {
		for _, m := range code.FindAllStringSubmatch(source, -1) {
			found[diag.Code(m[1])] = path
		}
	}
	return found
}

// sources are the program's own, by their paths, without this package's.
func sources(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, dir := range []string{"../../cmd", "../../internal"} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Base(filepath.Dir(path)) == "diag" {
				return err
			}
			source, err := os.ReadFile(path)
			found[path] = string(source)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestEveryCodeInTheSourceIsInTheCatalogue(t *testing.T) {
	codes := used(t)
	if len(codes) < 20 {
		t.Fatalf("only %d codes found: does the search still work?", len(codes))
	}
	for code, path := range codes {
		if _, ok := diag.Lookup(code); !ok {
			t.Errorf("%s uses %s, which the catalogue does not hold", path, code)
		}
	}
}

func TestEveryCodeInTheCatalogueIsUsed(t *testing.T) {
	codes := used(t)
	for _, e := range diag.Catalogue() {
		if _, ok := codes[e.Code]; !ok {
			t.Errorf("%s (%s) is in the catalogue, but nothing reports it", e.Code, e.Title)
		}
	}
}

func TestEveryEntryOfTheCatalogueIsComplete(t *testing.T) {
	seen := map[diag.Code]bool{}
	exits := []int{
		diag.ExitDone, diag.ExitFailed, diag.ExitUsage, diag.ExitInvalid, diag.ExitUnreachable,
		diag.ExitRefused, diag.ExitTimeout,
	}
	for _, e := range diag.Catalogue() {
		if seen[e.Code] {
			t.Errorf("%s is in the catalogue twice", e.Code)
		}
		seen[e.Code] = true
		if !regexp.MustCompile(`^DCE[1-7][0-9]{2}$`).MatchString(string(e.Code)) {
			t.Errorf("%q is no code of a range", e.Code)
		}
		if e.Title == "" || strings.HasSuffix(e.Title, ".") || len(e.Title) > 60 {
			t.Errorf("%s: the title %q is not a few words", e.Code, e.Title)
		}
		if len(e.Text) < 80 || !strings.HasSuffix(e.Text, ".") {
			t.Errorf("%s: the text is not an explanation in sentences: %q", e.Code, e.Text)
		}
		if !slices.Contains(exits, e.Exit) {
			t.Errorf("%s: %d is no exit code", e.Code, e.Exit)
		}
	}
}

// A code that is only ever a warning or a note ends nothing, so it must not
// promise an exit code; what some severity other than error is set for later
// is not looked at.
func TestWhatIsOnlyToldHasNoExitCode(t *testing.T) {
	told := regexp.MustCompile(`Code:\s+"(DCE[0-9]{3})",\s+Severity:\s+diag\.(Warning|Note)`)
	any := regexp.MustCompile(`Code:\s+"(DCE[0-9]{3})"`)
	all, only := map[string]int{}, map[string]int{}
	for _, source := range sources(t) {
		for _, m := range any.FindAllStringSubmatch(source, -1) {
			all[m[1]]++
		}
		for _, m := range told.FindAllStringSubmatch(source, -1) {
			only[m[1]]++
		}
	}
	if len(only) < 20 {
		t.Fatalf("only %d warnings found: does the search still work?", len(only))
	}
	for code, n := range only {
		if e, _ := diag.Lookup(diag.Code(code)); n == all[code] && e.Exit != diag.ExitDone {
			t.Errorf("%s is only told, but explained with exit code %d", code, e.Exit)
		}
	}
}

func TestTheCatalogueIsInOrder(t *testing.T) {
	all := diag.Catalogue()
	if !slices.IsSortedFunc(all, func(a, b diag.Entry) int { return strings.Compare(string(a.Code), string(b.Code)) }) {
		t.Error("the catalogue is not sorted by code")
	}
}
