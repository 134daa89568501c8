package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// render compares showing a project of n services, the whole process. One
// service in every publishes a port.
func (b *bench) render(ctx context.Context, r *report, n, every int) error {
	dir := filepath.Join(b.dir, fmt.Sprintf("render-%d-%d", n, every))
	if err := writeProject(dir, bigProject(n, every)); err != nil {
		return err
	}
	rounds := b.rounds
	if n > 100 {
		rounds = max(5, rounds/2)
	}
	taken, err := compare(ctx, fmt.Sprintf("render %d services", n), rounds, []contender{
		{"dce", []step{timed("render", b.command(dir, b.dce, "render"))}},
		{"compose", []step{timed("render", b.command(dir, b.compose, "config"))}},
	})
	if err != nil {
		return err
	}
	times := taken["render"]
	title := fmt.Sprintf("`dce render` of %d services, whole process", n)
	if every > 1 {
		title += fmt.Sprintf(", a port for every %dth", every)
	}
	r.add(title, times["dce"], "`docker compose config`", times["compose"], 1.0)
	return nil
}

func writeProject(dir, text string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing a project: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing a project: %w", err)
	}
	return nil
}

// bigProject is a project of n services: every one with environment, a volume, a
// healthcheck, and a dependency on the one before; one in every has a port.
func bigProject(n, every int) string {
	var b strings.Builder
	b.WriteString("name: big\nservices:\n")
	for i := range n {
		fmt.Fprintf(&b, `  service%d:
    image: registry.example/service%d:1.%d
    environment:
      STAGE: ${STAGE:-test}
      PEER: service%d:8080
    volumes: ["data%d:/data"]
    healthcheck:
      test: [CMD, /health]
      interval: 5s
    labels: {team: shop, index: "%d"}
`, i, i, i, (i+1)%n, i%5, i)
		if i%every == 0 {
			fmt.Fprintf(&b, "    ports: [\"%d:%d\"]\n", 10000+i, 8000+i)
		}
		if i > 0 {
			fmt.Fprintf(&b, "    depends_on: [service%d]\n", i-1)
		}
	}
	b.WriteString("volumes:\n")
	for i := range min(5, n) {
		fmt.Fprintf(&b, "  data%d:\n", i)
	}
	return b.String()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d)/1e6) }
