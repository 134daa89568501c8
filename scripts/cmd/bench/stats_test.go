package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []time.Duration
		want   time.Duration
	}{
		{nil, 0},
		{[]time.Duration{7}, 7},
		{[]time.Duration{9, 1, 2}, 2},
		{[]time.Duration{8, 1, 2, 4}, 3},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("median(%v) = %v, want %v", test.values, got, test.want)
		}
	}
}

func TestRatioIsTakenRoundByRound(t *testing.T) {
	// The second round was slow for both, which says nothing about either.
	got := ratio([]time.Duration{10, 100, 12}, []time.Duration{20, 200, 20})
	if got != 0.5 {
		t.Errorf("got %v, want 0.5", got)
	}
}

func TestCompareTakesTurnsAndDropsTheFirstRound(t *testing.T) {
	var order []string
	note := func(s string) func(context.Context) error {
		return func(context.Context) error { order = append(order, s); return nil }
	}
	taken, err := compare(t.Context(), "test", 2, []contender{
		{"a", []step{between(note("prepare a")), timed("up", note("a"))}},
		{"b", []step{timed("up", note("b"))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"prepare a", "a", "b", "b", "prepare a", "a", "prepare a", "a", "b"}
	if !slices.Equal(order, want) {
		t.Errorf("the order was %q, want %q", order, want)
	}
	if len(taken) != 1 || len(taken["up"]["a"]) != 2 || len(taken["up"]["b"]) != 2 {
		t.Errorf("the samples are %v", taken)
	}
}

func TestCompareStopsAtAnError(t *testing.T) {
	broken := errors.New("broken")
	_, err := compare(t.Context(), "test", 5, []contender{{"a", []step{timed("up", func(context.Context) error { return broken })}}})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestAStepMaySayItselfHowLongItTook(t *testing.T) {
	taken, err := compare(t.Context(), "test", 1, []contender{{"a", []step{
		measured("up", func(context.Context) (time.Duration, error) { return time.Hour, nil }),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := taken["up"]["a"]; !slices.Equal(got, []time.Duration{time.Hour}) {
		t.Errorf("got %v", got)
	}
}
