package main

import (
	"testing"
	"time"
)

func TestAMemberIsReadPastAnyName(t *testing.T) {
	for name, test := range map[string]struct {
		stat string
		want member
		ok   bool
	}{
		"plain":         {"12 (dce) S 7 1 1 0 -1 4 0 0 0 0 3 4 5 6 20 0", member{7, 180 * time.Millisecond}, true},
		"an odd name":   {"12 (a) b) S 7 1 1 0 -1 4 0 0 0 0 1 0 0 0 20 0", member{7, 10 * time.Millisecond}, true},
		"cut off":       {"12 (dce) S 7 1", member{}, false},
		"gone":          {"", member{}, false},
		"not a number":  {"12 (dce) S x 1 1 0 -1 4 0 0 0 0 3 4 5 6 20 0", member{}, false},
		"no number two": {"12 (dce) S 7 1 1 0 -1 4 0 0 0 0 3 4 x 6 20 0", member{}, false},
	} {
		if got, ok := parseMember(test.stat); ok != test.ok || ok && got != test.want {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

func TestAProcessIsBelowItsAncestors(t *testing.T) {
	all := map[int]member{2: {parent: 1}, 3: {parent: 2}, 4: {parent: 3}, 5: {parent: 6}, 6: {parent: 5}}
	for id, want := range map[int]bool{2: true, 3: true, 4: true, 5: false, 1: false, 9: false} {
		if got := below(all, id, 2); got != want {
			t.Errorf("process %d below 2: %v", id, got)
		}
	}
}
