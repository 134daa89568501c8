package project

import "strings"

// suggestion is the candidate that a mistyped word was probably meant to be,
// or empty when none is near: at most a third of its letters differ. One letter
// in the place of another says nothing, but where there is no other choice.
func suggestion(word string, candidates []string) string {
	best, bestDistance := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(c))
		if d < bestDistance && (d < len(word) || len(candidates) == 1) {
			best, bestDistance = c, d
		}
	}
	return best
}

// didYouMean is the hint for a mistyped word: the likely one, else all of them.
func didYouMean(word string, candidates []string, all string) string {
	if s := suggestion(word, candidates); s != "" {
		return "did you mean " + s + "?"
	}
	if len(candidates) == 0 {
		return ""
	}
	return all + ": " + strings.Join(candidates, ", ")
}

// distance counts the letters to insert, remove, change or swap with their
// neighbour to get from a to b (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int
	last := make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differs(x[i-1], y[j-1]))
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(y)]
}

func differs(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}
