package agent

import (
	"strconv"
	"time"
)

// formatDuration writes a duration as Mesos does ("5secs", "15mins", "2500ms"): in the largest unit that divides it;
// libmesos and mesos-go read it back.
func formatDuration(d time.Duration) string {
	units := []struct {
		name string
		size time.Duration
	}{
		{"weeks", 7 * 24 * time.Hour},
		{"days", 24 * time.Hour},
		{"hrs", time.Hour},
		{"mins", time.Minute},
		{"secs", time.Second},
		{"ms", time.Millisecond},
		{"us", time.Microsecond},
	}
	for _, unit := range units {
		if d >= unit.size && d%unit.size == 0 {
			return strconv.FormatInt(int64(d/unit.size), 10) + unit.name
		}
	}

	return strconv.FormatInt(int64(d), 10) + "ns"
}
