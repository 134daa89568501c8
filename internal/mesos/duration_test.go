package mesos

import (
	"math"
	"testing"
	"time"
)

func TestDurationsReadAsStoutWritesThem(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"5secs":                    5 * time.Second,
		"2secs":                    2 * time.Second,
		"15mins":                   15 * time.Minute,
		"1.5mins":                  90 * time.Second,
		"0ns":                      0,
		".5ms":                     500 * time.Microsecond,
		"250us":                    250 * time.Microsecond,
		"2hrs":                     2 * time.Hour,
		"1days":                    24 * time.Hour,
		"2weeks":                   14 * 24 * time.Hour,
		"15250.2844524716weeks":    math.MaxInt64,
		"99999999999999999999secs": math.MaxInt64,
	} {
		t.Run(in, func(t *testing.T) {
			got, err := parseDuration(in)
			if err != nil || got != want {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		})
	}
}

func TestDurationsOfAnotherFormAreRefused(t *testing.T) {
	for _, in := range []string{"", "5", "5s", "5 secs", "-5secs", "+5secs", "1e3secs", "secs", "1.2.3secs", ".secs", "5secs ", "٣secs", "NaNsecs"} {
		t.Run(in, func(t *testing.T) {
			if got, err := parseDuration(in); err == nil {
				t.Errorf("got %v, want an error", got)
			}
		})
	}
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"5secs", "15250.2844524715weeks", "1.5mins", "", "..secs", "0ns"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseDuration(s); err == nil && d < 0 {
			t.Errorf("%q is %v", s, d)
		}
	})
}
