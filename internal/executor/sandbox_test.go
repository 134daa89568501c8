package executor

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The job has filled its sandbox before dce writes into it, as root: whatever it
// has put in the place of dce's own files, nothing outside is touched.
func TestNothingIsWrittenThroughALinkOfTheJob(t *testing.T) {
	for name, tc := range map[string]struct {
		to      string // what the link leads to, outside
		write   func(sandbox *os.Root) error
		refused bool
	}{
		"a whole file": {to: "file", write: func(sandbox *os.Root) error { return writeFile(sandbox, "name", []byte("dce")) }},
		"a file that grows": {to: "file", write: func(sandbox *os.Root) error {
			f, err := createFile(sandbox, "name")
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("dce")
			return err
		}},
		"the directory of log files": {to: "dir", refused: true, write: func(sandbox *os.Root) error {
			dir, err := makeDir(sandbox, "name")
			if err != nil {
				return err
			}
			defer dir.Close()
			return dir.WriteFile("web.stdout", []byte("dce"), 0o600)
		}},
		"the directory of a further task": {to: "dir", write: func(sandbox *os.Root) error {
			dir, err := openTaskDir(sandbox, "name")
			if err != nil {
				return err
			}
			defer dir.Close()
			return writeFile(dir, taskFile, []byte("dce"))
		}},
		"the directory of a further task, in the place of a file": {to: "file", write: func(sandbox *os.Root) error {
			dir, err := openTaskDir(sandbox, "name")
			if err != nil {
				return err
			}
			return dir.Close()
		}},
		"the directory of a further task, which is exchanged for a link afterwards": {to: "dir", write: func(sandbox *os.Root) error {
			dir, err := openTaskDir(sandbox, "other")
			if err != nil {
				return err
			}
			defer dir.Close()
			if err := sandbox.Remove("other"); err != nil {
				return err
			}
			if err := sandbox.Rename("name", "other"); err != nil {
				return err
			}
			return errors.Join(refusal(writeFile(dir, taskFile, []byte("dce"))), sandbox.Symlink("other", "name"))
		}},
		"a directory that nobody has": {to: "none", refused: true, write: func(sandbox *os.Root) error {
			_, err := makeDir(sandbox, "name")
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
			root, err := os.OpenRoot(sandbox)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			if err := tc.write(root); (err != nil) != tc.refused {
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

// refusal wants an error.
func refusal(err error) error {
	if err == nil {
		return errors.New("it was written")
	}
	return nil
}

func TestADirectoryOfAFurtherTaskMayBeThere(t *testing.T) {
	sandbox, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer sandbox.Close()
	for range 2 {
		dir, err := openTaskDir(sandbox, "dce-task.2")
		if err != nil {
			t.Fatal(err)
		}
		dir.Close()
	}
}

func TestCredentialsComeFromAPlainFileOfTheSandboxOrTheOperator(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "config.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		bring func(config string) error
		jobs  bool
	}{
		"nothing": {bring: func(string) error { return nil }},
		"a file":  {jobs: true, bring: func(config string) error { return os.WriteFile(config, []byte("{}"), 0o600) }},
		"a link in the sandbox": {jobs: true, bring: func(config string) error {
			return errors.Join(os.WriteFile(config+".real", []byte("{}"), 0o600), os.Symlink("config.json.real", config))
		}},
		"a link to the host's": {bring: func(config string) error { return os.Symlink(filepath.Join(outside, "config.json"), config) }},
		"a directory":          {bring: func(config string) error { return os.Mkdir(config, 0o700) }},
		"a named pipe":         {bring: mkfifo},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox := t.TempDir()
			dir := filepath.Join(sandbox, ".docker")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := tc.bring(filepath.Join(dir, "config.json")); err != nil {
				t.Fatal(err)
			}
			if got := dockerConfig(sandbox, "/etc/operators"); tc.jobs != (got == dir) || !tc.jobs && got != "/etc/operators" {
				t.Errorf("with an operator's: %s", got)
			}
			got := dockerConfig(sandbox, "")
			if _, err := os.Lstat(got); tc.jobs != (got == dir) || !tc.jobs && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("without: %s, %v", got, err)
			}
		})
	}
}

func mkfifo(path string) error {
	return exec.Command("mkfifo", path).Run()
}
