package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAttribute(t *testing.T) {
	symbols := []byte(`  401000       10 T runtime.main
  401100       20 T example.com/a.F
  401200        5 T example.com/a/v2/sub.(*T).M
  401300        7 R type:*example.com/a/v2.T
  401400     1000 B example.com/a.zeroes
  401500        3 T dce/internal/pod.Next
         U external
`)
	got := attribute(symbols, []string{"dce", "example.com/a", "example.com/a/v2", "example.com/unused"})
	want := []part{
		{"example.com/a", 20},
		{"Go's runtime and standard library", 10},
		{"example.com/a/v2", 5},
		{"dce", 3},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(part{})); diff != "" {
		t.Error(diff)
	}
}
