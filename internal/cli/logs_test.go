package cli

import (
	"testing"
	"time"

	"dce/internal/diag"
)

func TestATimeSinceWhichLinesAreWanted(t *testing.T) {
	zone := time.FixedZone("", 3600)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, zone)
	for text, want := range map[string]time.Time{
		"":                            {},
		"10m":                         now.Add(-10 * time.Minute),
		"2026-11-22T11:30:00Z":        time.Date(2026, 11, 22, 11, 30, 0, 0, time.UTC),
		"2026-11-22T11:30:00.5+02:00": time.Date(2026, 11, 22, 9, 30, 0, 5e8, time.UTC),
		"2026-11-22T11:30:00":         time.Date(2026, 11, 22, 11, 30, 0, 0, zone),
		"2026-11-22T11:30":            time.Date(2026, 11, 22, 11, 30, 0, 0, zone),
		"2026-11-22":                  time.Date(2026, 11, 22, 0, 0, 0, 0, zone),
		"1795000000":                  time.Unix(1795000000, 0),
	} {
		if got, err := sinceTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"yesterday", "22.11.2026", "1h ago"} {
		got, err := sinceTime(text, now)
		if l, _ := diag.Of(err); len(l) != 1 || l[0].Code != "DCE241" {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
