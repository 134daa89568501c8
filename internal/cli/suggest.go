package cli

import "strings"

// didYouMean is a hint with the candidate that is most like a mistyped word, or
// the other hint when none is near.
func didYouMean(word string, candidates []string, otherwise string) string {
	best, least := "", 3
	for _, c := range candidates {
		if c == word {
			continue
		}
		d := distance(strings.ToLower(word), strings.ToLower(c))
		if trimmed := strings.TrimLeft(word, "-"); len(trimmed) > 2 && strings.HasPrefix(strings.TrimLeft(c, "-"), trimmed) {
			d = min(d, 1)
		}
		if d < least && d < len(c) {
			best, least = c, d
		}
	}
	if best == "" {
		return otherwise
	}
	return "did you mean " + best + "? " + otherwise
}

// distance is the number of letters to insert, delete or replace
// (Levenshtein) or to exchange with their neighbour.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			differs := 1
			if a[i-1] == b[j-1] {
				differs = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+differs)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
