package enginetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// BuildDCE builds dce as it is released, for this machine, and writes it to a
// path. All tests that want a dce without the race detector take this one, so
// that the many packages below are compiled once.
func BuildDCE(ctx context.Context, path, version string) error {
	root, err := Repository(ctx)
	if err != nil {
		return err
	}
	if _, err := output(ctx, root, "scripts/slim"); err != nil {
		return err
	}
	flags, err := output(ctx, root, "scripts/build-flags")
	if err != nil {
		return err
	}
	argv := append([]string{"go", "build"}, strings.Fields(flags)...)
	_, err = output(ctx, root, append(argv, "-ldflags=-s -w -X main.version="+version, "-o", path, "./cmd/dce")...)
	return err
}

// Repository is the directory that holds go.mod.
func Repository(ctx context.Context) (string, error) {
	file, err := output(ctx, ".", "go", "env", "GOMOD")
	return filepath.Dir(strings.TrimSpace(file)), err
}

// output runs a program without cgo, and is what it writes to stdout.
func output(ctx context.Context, dir string, argv ...string) (string, error) {
	program := argv[0]
	if strings.Contains(program, "/") {
		program = filepath.Join(dir, program)
	}
	cmd := exec.CommandContext(ctx, program, argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(argv, " "), err, out, problems.String())
	}
	return string(out), nil
}
