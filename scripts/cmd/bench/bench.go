package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/moby/moby/client"
)

// image is what the services of the benchmarks' pods run.
const image = "dce-bench:1"

// bench has what every comparison needs.
type bench struct {
	dir     string // everything that bench writes, removed at the end
	dce     string // the binaries compared
	compose string
	environ []string
	engine  *client.Client
	rounds  int
	apps    int // for the devcluster
}

// newBench builds both binaries as they are released, and the image.
func newBench(ctx context.Context, dir string, rounds int) (*bench, error) {
	b := &bench{
		dir: dir, rounds: rounds,
		dce: filepath.Join(dir, "dce"), compose: filepath.Join(dir, "docker-compose"),
		environ: append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(dir, "state")),
	}
	for file, pkg := range map[string]string{
		b.dce: "./cmd/dce", b.compose: "github.com/docker/compose/v5/cmd", filepath.Join(dir, "wait"): "./scripts/cmd/wait",
	} {
		fmt.Fprintln(os.Stderr, "building", pkg)
		flags, err := releaseFlags(ctx, pkg)
		if err != nil {
			return nil, err
		}
		if err := build(ctx, file, pkg, flags...); err != nil {
			return nil, err
		}
	}
	engine, err := client.New(client.FromEnv)
	if err != nil {
		return nil, fmt.Errorf("connecting to the engine: %w", err)
	}
	b.engine = engine
	return b, b.importImage(ctx, filepath.Join(dir, "wait"))
}

// releaseFlags are those that dce is released with; everything else is built as
// Go does, stripped.
func releaseFlags(ctx context.Context, pkg string) ([]string, error) {
	if pkg != "./cmd/dce" {
		return []string{"-ldflags=-s -w"}, nil
	}
	flags, err := exec.CommandContext(ctx, "scripts/build-flags").Output()
	if err != nil {
		return nil, fmt.Errorf("asking for the release's flags: %w", err)
	}
	link, err := exec.CommandContext(ctx, "scripts/link-flags", "bench").Output()
	if err != nil {
		return nil, fmt.Errorf("asking for the release's linker flags: %w", err)
	}
	return append(strings.Fields(string(flags)), "-ldflags="+strings.TrimSpace(string(link))), nil
}

func build(ctx context.Context, file, pkg string, flags ...string) error {
	args := append([]string{"build", "-trimpath", "-buildvcs=false", "-o", file}, append(flags, pkg)...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// importImage makes the image from one static binary, without a registry.
func (b *bench) importImage(ctx context.Context, binary string) error {
	program, err := os.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("reading the image's program: %w", err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "wait", Mode: 0o755, Size: int64(len(program))}); err != nil {
		return fmt.Errorf("writing the image: %w", err)
	}
	if _, err := w.Write(program); err != nil {
		return fmt.Errorf("writing the image: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("writing the image: %w", err)
	}
	result, err := b.engine.ImageImport(ctx, client.ImageImportSource{Source: &archive, SourceName: "-"}, image,
		client.ImageImportOptions{Changes: []string{`ENTRYPOINT ["/wait"]`}})
	if err != nil {
		return fmt.Errorf("importing the image: %w", err)
	}
	defer result.Close()
	if _, err := io.Copy(io.Discard, result); err != nil {
		return fmt.Errorf("importing the image: %w", err)
	}
	return nil
}

// cleanUp removes what an interrupted round has left, and the image.
func (b *bench) cleanUp(ctx context.Context) error {
	if err := b.discard(ctx, "dce.pod="+podID); err != nil {
		return err
	}
	_, err := b.engine.ImageRemove(ctx, image, client.ImageRemoveOptions{})
	if err != nil {
		return fmt.Errorf("removing the image: %w", err)
	}
	return nil
}

// command is a step that runs a program, which must succeed.
func (b *bench) command(dir, name string, args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.Env = dir, b.environ
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("running %s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, stderr.String())
		}
		return nil
	}
}

// describe says what was measured on.
func (b *bench) describe(ctx context.Context) (string, error) {
	info, err := b.engine.Info(ctx, client.InfoOptions{})
	if err != nil {
		return "", fmt.Errorf("asking the engine for its version: %w", err)
	}
	i := info.Info
	return fmt.Sprintf("%s/%s, %d processors, Docker Engine %s, cgroup v%s (%s), %s",
		runtime.GOOS, runtime.GOARCH, i.NCPU, i.ServerVersion, i.CgroupVersion, i.CgroupDriver, runtime.Version()), nil
}
