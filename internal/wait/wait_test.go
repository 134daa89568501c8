package wait

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestAWaitIsAsLongAsItsContextLetsIt(t *testing.T) {
	for name, c := range map[string]struct {
		wanted, lives, takes time.Duration
		through              bool
	}{
		"all of it":              {wanted: time.Minute, lives: time.Hour, takes: time.Minute, through: true},
		"cut short":              {wanted: time.Hour, lives: time.Minute, takes: time.Minute},
		"nothing":                {lives: time.Minute, through: true},
		"less than nothing":      {wanted: -time.Second, lives: time.Minute, through: true},
		"nothing, and all over":  {lives: -time.Second},
		"all over at the outset": {wanted: time.Hour, lives: -time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), c.lives)
				defer cancel()
				if got := For(ctx, c.wanted); got != c.through || time.Since(began) != c.takes {
					t.Errorf("%v after %s", got, time.Since(began))
				}
			})
		})
	}
}
