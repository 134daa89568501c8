package project

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
)

// A case of testdata/bad is a directory with the files in in/, the flags in
// args, one a line, and all that is said of them in want.diag.
func TestBadInput(t *testing.T) {
	for _, dir := range caseDirs(t, "testdata/bad", "want.diag") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			in, err := filepath.Abs(filepath.Join(dir, "in"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(t.Context(), caseOptions(t, dir, in))
			l, ok := diag.Of(err)
			if !ok {
				t.Fatalf("loads, or fails without a diagnostic: %v", err)
			}
			if got := l.Exit(); got != diag.ExitInvalid {
				t.Errorf("exit code %d", got)
			}
			golden(t, filepath.Join(dir, "want.diag"), transcript(in, l))
		})
	}
}

// A case of testdata/good is the same, with the merged project in want.yaml
// and what is warned of below it.
func TestGoodInput(t *testing.T) {
	for _, dir := range caseDirs(t, "testdata/good", "want.yaml") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			in, err := filepath.Abs(filepath.Join(dir, "in"))
			if err != nil {
				t.Fatal(err)
			}
			p, err := Load(t.Context(), caseOptions(t, dir, in))
			if err != nil {
				t.Fatal(err)
			}
			text, err := p.Compose.MarshalYAML()
			if err != nil {
				t.Fatal(err)
			}
			got := "# files: " + strings.Join(p.Files, " ") + "\n" + string(text)
			for line := range strings.Lines(transcript(in, p.Warnings)) {
				got += "# " + line
			}
			golden(t, filepath.Join(dir, "want.yaml"), strings.ReplaceAll(strings.ReplaceAll(got, in+"/", ""), in, "IN"))
		})
	}
}

func caseOptions(t *testing.T, dir, in string) Options {
	t.Helper()
	o := isolated(in)
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	if err != nil {
		return o
	}
	for line := range strings.Lines(string(args)) {
		flag, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch flag {
		case "--file":
			o.Files = append(o.Files, value)
		case "--env":
			o.Environment = value
		case "--env-file":
			o.EnvFiles = append(o.EnvFiles, value)
		case "--project-name":
			o.Name = value
		case "--root":
			o.Root = filepath.Join(in, value)
		case "-C":
			o.Dir = filepath.Join(in, value)
		case "NOINTERPOLATE":
			o.NoInterpolate = true
		case "SERVICE":
			o.Services = append(o.Services, value)
		default:
			o.Environ = append(o.Environ, flag)
		}
	}
	return o
}

// caseDirs lists the cases and fails on a directory that is none.
func caseDirs(t *testing.T, root, file string) []string {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		if !exists(filepath.Join(dir, "in")) || !exists(filepath.Join(dir, file)) && !*update {
			t.Errorf("%s is an orphan: it has no in/ or no %s", dir, file)
		}
		parts, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			if !slices.Contains([]string{"in", "args", file}, p.Name()) {
				t.Errorf("%s is an orphan: no test reads it", filepath.Join(dir, p.Name()))
			}
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// transcript is every problem with all that is said of it.
func transcript(in string, l diag.List) string {
	var b strings.Builder
	for _, d := range l.Sorted() {
		b.WriteString(d.String() + "\n")
		for _, r := range d.Related {
			b.WriteString("  " + r.Note + ": " + r.Pos.String() + "\n")
		}
		if d.Detail != "" {
			b.WriteString("  " + d.Detail + "\n")
		}
		b.WriteString("  hint: " + d.Hint + "\n")
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), in+"/", ""), in, "IN")
}
