package enginetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// BuildDCE builds dce as it is released, for this machine, and writes it to a
// path. All tests that want a dce without the race detector take this one, so
// that the many packages below are compiled once.
func BuildDCE(ctx context.Context, path, version string) error {
	root, flags, err := release(ctx)
	if err != nil {
		return err
	}
	link, err := output(ctx, root, "scripts/link-flags", version)
	if err != nil {
		return err
	}
	return build(ctx, root, path, "./cmd/dce", append(flags, "-ldflags="+strings.TrimSpace(link)))
}

// BuildCompose builds the Docker Compose that dce embeds, from its own sources,
// with the flags that vet and the linter have compiled it with.
func BuildCompose(ctx context.Context, path string) error {
	root, flags, err := release(ctx)
	if err != nil {
		return err
	}
	flags = slices.DeleteFunc(flags, func(flag string) bool { return strings.HasPrefix(flag, "-modfile=") })
	return build(ctx, root, path, "github.com/docker/compose/v5/cmd", append(flags, "-ldflags=-s -w"))
}

func build(ctx context.Context, root, path, program string, flags []string) error {
	argv := append([]string{"go", "build", "-o", path}, flags...)
	_, err := output(ctx, root, append(argv, program)...)
	return err
}

// release is the repository, made ready for a build with the flags of a release.
func release(ctx context.Context) (root string, flags []string, err error) {
	if root, err = Repository(ctx); err != nil {
		return "", nil, err
	}
	if _, err := output(ctx, root, "scripts/slim"); err != nil {
		return "", nil, err
	}
	text, err := output(ctx, root, "scripts/build-flags")
	return root, strings.Fields(text), err
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
