package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dce/internal/project"
)

// podName is the name of every pod that bench starts, podID its id.
const (
	podName = "dce-bench"
	podID   = "local." + podName
)

// pod compares bringing a pod of infra and n services up and down: dce from
// the source files, docker compose and raw calls from what dce rendered.
func (b *bench) pod(ctx context.Context, r *report, n int) error {
	dir := filepath.Join(b.dir, fmt.Sprintf("pod-%d", n))
	if err := writeProject(dir, waiters(n)); err != nil {
		return err
	}
	rendered, err := b.rendered(ctx, dir)
	if err != nil {
		return err
	}
	raw, err := newRawPod(ctx, b.engine, rendered)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "rendered.yaml")
	if err := os.WriteFile(file, rendered, 0o600); err != nil {
		return fmt.Errorf("writing the rendered pod: %w", err)
	}
	taken, err := compare(ctx, fmt.Sprintf("pod of infra and %d", n), b.rounds, []contender{
		{"dce", []step{timed("up", b.up(dir)), timed("down", b.down(dir))}},
		{"compose", []step{timed("up", b.command(dir, b.compose, "-f", file, "up", "-d")), timed("down", b.command(dir, b.compose, "-f", file, "down"))}},
		{"raw", []step{timed("up", raw.up), timed("down", raw.down)}},
	})
	if err != nil {
		return err
	}
	// dce removes the pod's cgroup, which the others leave behind.
	if err := b.cycle(ctx, dir); err != nil {
		return err
	}
	target := 0.9
	if n > 2 {
		target = 0.8
	}
	up, down := taken["up"], taken["down"]
	r.add(fmt.Sprintf("pod of infra and %d, `up --local -d` until running", n), up["dce"], "`docker compose up -d` of the same rendered file", up["compose"], target)
	r.add("", up["dce"], "raw Engine API calls, same order and network", up["raw"], limitIf(n == 2, 1.15))
	r.add("the same pod, `down --local` until gone", down["dce"], "`docker compose down`", down["compose"], 1.0)
	r.add("", down["dce"], "raw calls in the same order", down["raw"], limitIf(n == 2, 1.15))
	return nil
}

func limitIf(limited bool, limit float64) float64 {
	if limited {
		return limit
	}
	return 0
}

func (b *bench) up(dir string) func(context.Context) error {
	return b.command(dir, b.dce, "up", "--local", "--detach", "--name", podName)
}

func (b *bench) down(dir string) func(context.Context) error {
	return b.command(dir, b.dce, "down", "--local", podName)
}

func (b *bench) cycle(ctx context.Context, dir string) error {
	if err := b.up(dir)(ctx); err != nil {
		return err
	}
	return b.down(dir)(ctx)
}

// rendered starts the pod once and returns the file that it was started from.
func (b *bench) rendered(ctx context.Context, dir string) (rendered []byte, err error) {
	if err := b.up(dir)(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if downErr := b.down(dir)(ctx); err == nil {
			err = downErr
		}
	}()
	rendered, err = os.ReadFile(filepath.Join(b.dir, "state", "dce", "pods", podID, "compose.rendered.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the rendered pod: %w", err)
	}
	if _, err := project.LoadRendered(ctx, rendered); err != nil {
		return nil, fmt.Errorf("reading the rendered pod: %w", err)
	}
	return rendered, nil
}

// waiters is a project of n services that do nothing; the first publishes a port.
func waiters(n int) string {
	var b strings.Builder
	b.WriteString("name: bench\nservices:\n")
	for i := range n {
		fmt.Fprintf(&b, "  wait%d:\n    image: %s\n", i, image)
		if i == 0 {
			b.WriteString("    ports: [\"8080\"]\n")
		}
	}
	return b.String()
}
