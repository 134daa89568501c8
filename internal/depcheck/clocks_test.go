package depcheck

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// clocks lists the packages that judge pods and lead their lives, with the lines
// on which they may read a clock: durations within one process, which Go takes
// from a clock that nobody sets, a pod's timeline, and the time for which a
// failed pod is kept.
func clocks() map[string][]string {
	return map[string][]string{
		"lease":      {},
		"reap":       {},
		"pod":        {},
		"render":     {},
		"supervisor": {"o.Now = time.Now"},
		"sweep": {
			"began := time.Now()", "r.Took = time.Since(began)", "rows[i].Took = time.Since(began)",
			"end := time.Now().Add(l.options.grace())", "until := func() time.Duration { return max(0, time.Until(end)) }",
			"due := time.Now().Add(w.sweep(ctx))", "due = time.Now().Add(w.sweep(ctx))", "due = earlier(due, time.Now().Add(w.took(ctx, o)))",
			"due = time.Now().Add(min(w.sweep(ctx), again))", "timer := time.NewTimer(time.Until(due))",
			"return time.Now()", "now := time.Now",
		},
	}
}

// A machine's clock jumps: at boot, by an operator, by NTP. No pod lives or dies
// of it.
func TestNobodyJudgesByAClockThatCanBeSet(t *testing.T) {
	reads := regexp.MustCompile(`\btime\.(Now|Since|Until)\b`)
	for pkg, allowed := range clocks() {
		files, err := filepath.Glob(filepath.Join("..", pkg, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("internal/%s: %d files, %v", pkg, len(files), err)
		}
		unused := slices.Clone(allowed)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				line = strings.TrimSpace(line)
				if !reads.MatchString(line) {
					continue
				}
				if !slices.Contains(allowed, line) {
					t.Errorf("%s reads a clock: %s", file, line)
				}
				unused = slices.DeleteFunc(unused, func(l string) bool { return l == line })
			}
		}
		if len(unused) > 0 {
			t.Errorf("internal/%s: %q is not there any more", pkg, unused)
		}
	}
}
