package executor

import (
	"os"
	"path/filepath"
	"testing"
)

// The job has filled its sandbox before dce writes into it, as root: whatever it
// has put in the place of dce's own files, nothing outside is touched.
func TestNothingIsWrittenThroughALinkOfTheJob(t *testing.T) {
	for name, tc := range map[string]struct {
		to      string // what the link leads to, outside
		write   func(path string) error
		refused bool
	}{
		"a whole file": {to: "file", write: func(path string) error { return writeFile(path, []byte("dce")) }},
		"a file that grows": {to: "file", write: func(path string) error {
			f, err := createFile(path)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("dce")
			return err
		}},
		"the directory of log files": {to: "dir", refused: true, write: func(path string) error {
			dir, err := makeDir(path)
			if err != nil {
				return err
			}
			defer dir.Close()
			return dir.WriteFile("web.stdout", []byte("dce"), 0o600)
		}},
		"the directory of a further task": {to: "dir", write: func(path string) error {
			if err := makeTaskDir(path); err != nil {
				return err
			}
			return writeFile(filepath.Join(path, taskFile), []byte("dce"))
		}},
		"the directory of a further task, in the place of a file": {to: "file", write: makeTaskDir},
		"a directory that nobody has": {to: "none", refused: true, write: func(path string) error {
			_, err := makeDir(path)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			outside, sandbox := t.TempDir(), t.TempDir()
			if err := os.WriteFile(filepath.Join(outside, "file"), []byte("the host's"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(outside, "dir"), 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(sandbox, "name")
			if err := os.Symlink(filepath.Join(outside, tc.to), path); err != nil {
				t.Fatal(err)
			}
			if err := tc.write(path); (err != nil) != tc.refused {
				t.Errorf("refused: %v", err)
			}
			text, err := os.ReadFile(filepath.Join(outside, "file"))
			within, _ := filepath.Glob(filepath.Join(outside, "*", "*"))
			all, _ := filepath.Glob(filepath.Join(outside, "*"))
			if err != nil || string(text) != "the host's" || len(within) > 0 || len(all) != 2 {
				t.Errorf("outside there is %q and %q; the file says %q, %v", all, within, text, err)
			}
		})
	}
}

func TestADirectoryOfAFurtherTaskMayBeThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dce-task.2")
	for range 2 {
		if err := makeTaskDir(path); err != nil {
			t.Fatal(err)
		}
	}
}
