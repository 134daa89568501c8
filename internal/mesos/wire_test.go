package mesos

import (
	"path/filepath"
	"strings"
	"testing"
)

// scenarios names the recorded conversations in testdata/wire.
func scenarios(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "wire", "*.env.json"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no recorded conversations: %v", err)
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(filepath.Base(f), ".env.json")
	}
	return names
}
