package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dce/internal/diag"
)

// corpusFiles are compose files that nobody here wrote.
func corpusFiles(tb testing.TB) []string {
	tb.Helper()
	var files []string
	root := filepath.Join("..", "..", "..", "shared", "corpus")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		tb.Skip("no corpus beside the repository: ", err)
	}
	return files
}

func TestEveryFileOfTheCorpusLoadsOrIsRefusedWithAPlace(t *testing.T) {
	loaded := 0
	files := corpusFiles(t)
	for _, path := range files {
		t.Run(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), func(t *testing.T) {
			o := isolated(t.TempDir())
			abs, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			o.Files = []string{abs}
			p, err := Load(t.Context(), o)
			if err == nil {
				loaded++
				placed(t, p.Warnings)
				return
			}
			l, ok := diag.Of(err)
			if !ok {
				t.Fatalf("no diagnostic: %v", err)
			}
			t.Log("\n" + transcript(filepath.Dir(abs), l))
			placed(t, l)
		})
	}
	if loaded < len(files)*3/4 {
		t.Errorf("%d of %d load", loaded, len(files))
	}
}

func placed(t *testing.T, l diag.List) {
	t.Helper()
	for _, d := range l {
		if d.Pos.Line == 0 || d.Code == "DCE100" {
			t.Errorf("no place, or not explained: %s", d)
		}
		if _, ok := diag.Lookup(d.Code); !ok {
			t.Errorf("%s is not in the catalogue", d.Code)
		}
	}
}
