package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// contender is one way of doing the things that are compared. Its steps are
// done in order in every round; a step with a name is timed, or says itself how
// long it took.
type contender struct {
	name  string
	steps []step
}

type step struct {
	name string
	do   func(context.Context) error
	took *time.Duration
}

// timed is a step whose time is taken from outside.
func timed(name string, do func(context.Context) error) step { return step{name: name, do: do} }

// between is a step that is not part of the comparison.
func between(do func(context.Context) error) step { return step{do: do} }

// measured is a step that says how long it took.
func measured(name string, do func(context.Context) (time.Duration, error)) step {
	var took time.Duration
	return step{name, func(ctx context.Context) (err error) {
		took, err = do(ctx)
		return err
	}, &took}
}

// samples are the times of a step by contender, one of each round: samples
// with the same index were taken next to each other.
type samples map[string][]time.Duration

// compare runs the contenders in turn, starting with another one in each
// round so that none always follows the same, and returns the samples of every
// named step. The first round warms up and does not count.
func compare(ctx context.Context, title string, rounds int, contenders []contender) (map[string]samples, error) {
	taken := map[string]samples{}
	for round := range rounds + 1 {
		fmt.Fprintf(os.Stderr, "\r%s: round %d of %d ", title, round, rounds)
		for i := range contenders {
			c := contenders[(i+round)%len(contenders)]
			times, err := c.run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", title, c.name, err)
			}
			if round == 0 {
				continue
			}
			for name, d := range times {
				if taken[name] == nil {
					taken[name] = samples{}
				}
				taken[name][c.name] = append(taken[name][c.name], d)
			}
		}
	}
	fmt.Fprintln(os.Stderr)
	return taken, nil
}

func (c contender) run(ctx context.Context) (map[string]time.Duration, error) {
	times := map[string]time.Duration{}
	for _, s := range c.steps {
		start := time.Now()
		if err := s.do(ctx); err != nil {
			return nil, err
		}
		switch {
		case s.took != nil:
			times[s.name] = *s.took
		case s.name != "":
			times[s.name] = time.Since(start)
		}
	}
	return times, nil
}

// median is the middle of the values, the mean of both for an even number.
func median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// ratio is the median of a/b, round by round: what slows a whole round down
// falls out of it.
func ratio(a, b []time.Duration) float64 {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		ratios = append(ratios, float64(a[i])/float64(b[i]))
	}
	return median(ratios)
}
