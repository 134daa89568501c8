package mesos

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads a duration as Mesos' stout library writes and reads it:
// a number without sign or exponent and a unit, "5secs", "1.5mins". What is
// longer than time.Duration can hold, some 15250.28 weeks, becomes the longest.
func parseDuration(s string) (time.Duration, error) {
	digits := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if digits < 0 {
		return 0, fmt.Errorf("duration %q has no unit", s)
	}
	value, err := strconv.ParseFloat(s[:digits], 64)
	if err != nil {
		return 0, fmt.Errorf("duration %q does not begin with a number", s)
	}
	unit, ok := durationUnit(s[digits:])
	if !ok {
		return 0, fmt.Errorf("duration %q has an unknown unit (Mesos knows ns, us, ms, secs, mins, hrs, days, weeks)", s)
	}
	nanoseconds := value * float64(unit)
	if nanoseconds >= math.MaxInt64 {
		return math.MaxInt64, nil
	}
	return time.Duration(nanoseconds), nil
}

func durationUnit(name string) (time.Duration, bool) {
	switch name {
	case "ns":
		return time.Nanosecond, true
	case "us":
		return time.Microsecond, true
	case "ms":
		return time.Millisecond, true
	case "secs":
		return time.Second, true
	case "mins":
		return time.Minute, true
	case "hrs":
		return time.Hour, true
	case "days":
		return 24 * time.Hour, true
	case "weeks":
		return 7 * 24 * time.Hour, true
	default:
		return 0, false
	}
}
