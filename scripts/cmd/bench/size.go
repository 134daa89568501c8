package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// part is how much of the binary's code is a dependency's, in bytes.
type part struct {
	name string
	size int64
}

// size weighs the released binary, and attributes what an unstripped one holds
// to the modules that its symbols come from.
func (b *bench) size(ctx context.Context, r *report) error {
	info, err := os.Stat(b.dce)
	if err != nil {
		return fmt.Errorf("weighing dce: %w", err)
	}
	r.size = info.Size()
	full := filepath.Join(b.dir, "dce-symbols")
	if err := build(ctx, full, "./cmd/dce"); err != nil {
		return err
	}
	modules, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}}", "all").Output()
	if err != nil {
		return fmt.Errorf("listing modules: %w", err)
	}
	symbols, err := exec.CommandContext(ctx, "go", "tool", "nm", "-size", "-sort", "none", full).Output()
	if err != nil {
		return fmt.Errorf("listing symbols: %w", err)
	}
	r.parts = attribute(symbols, strings.Fields(string(modules)))
	return nil
}

// attribute sums the sizes of functions by module, largest first. What belongs
// to no module is the standard library's and the runtime's. Data is left out:
// most of it stands in symbols that all modules share.
func attribute(symbols []byte, modules []string) []part {
	slices.SortFunc(modules, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	sums := map[string]int64{}
	for line := range bytes.Lines(symbols) {
		fields := strings.Fields(string(line))
		if len(fields) < 4 || !strings.EqualFold(fields[2], "t") {
			continue
		}
		size, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			continue
		}
		sums[moduleOf(strings.Join(fields[3:], " "), modules)] += size
	}
	var parts []part
	for name, size := range sums {
		parts = append(parts, part{name, size})
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.name, b.name)) })
	return parts
}

func moduleOf(symbol string, modules []string) string {
	symbol = strings.ReplaceAll(symbol, "%2e", ".")
	for _, m := range modules {
		if rest, ok := strings.CutPrefix(symbol, m); ok && rest != "" && strings.ContainsAny(rest[:1], "./") {
			return m
		}
	}
	return "Go's runtime and standard library"
}
