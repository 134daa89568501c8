// Command bench measures dce against docker compose and against raw calls to
// the Docker Engine, side by side, and writes docs/benchmarks.md. Everything
// that is compared is run in turn, in one process, on one machine: only the
// ratios mean something elsewhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	page := flag.String("page", "docs/benchmarks.md", "the page to write")
	rounds := flag.Int("rounds", 11, "rounds of each comparison")
	only := flag.String("only", "", "measure one part (render, pods, reaction, executor, subscribe, devcluster, sweep, deploy, size), and print it instead")
	apps := flag.Int("apps", 20, "apps that are deployed to the devcluster")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *page, *rounds, *apps, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, page string, rounds, apps int, only string) (err error) {
	dir, err := os.MkdirTemp("", "dce-bench-")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	defer os.RemoveAll(dir)
	b, err := newBench(ctx, dir, rounds)
	if err != nil {
		return err
	}
	b.apps = apps
	defer func() { err = errors.Join(err, b.cleanUp(context.WithoutCancel(ctx))) }()

	r := report{}
	for _, p := range b.parts() {
		if only != "" && only != p.name {
			continue
		}
		if err := p.measure(ctx, &r); err != nil {
			return err
		}
	}
	if r.machine, err = b.describe(ctx); err != nil {
		return err
	}
	if only != "" {
		fmt.Print(r.markdown())
		return nil
	}
	if err := os.WriteFile(page, []byte(r.markdown()), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", page, err)
	}
	fmt.Fprintln(os.Stderr, "wrote", filepath.Clean(page))
	return nil
}

// section is one part of the page.
type section struct {
	name    string
	measure func(context.Context, *report) error
}

func (b *bench) parts() []section {
	return []section{
		{"render", func(ctx context.Context, r *report) error {
			for _, p := range []struct{ services, every int }{{3, 1}, {30, 1}, {300, 1}, {300, 10}} {
				if err := b.render(ctx, r, p.services, p.every); err != nil {
					return err
				}
			}
			return nil
		}},
		{"pods", func(ctx context.Context, r *report) error {
			for _, n := range []int{2, 10} {
				if err := b.pod(ctx, r, n); err != nil {
					return err
				}
			}
			return nil
		}},
		{"reaction", b.reaction},
		{"executor", b.executor},
		{"subscribe", b.subscribe},
		{"devcluster", b.cluster},
		{"sweep", b.sweep},
		{"deploy", b.unchanged},
		{"size", b.size},
	}
}
