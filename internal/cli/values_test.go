package cli

import (
	"testing"

	"github.com/spf13/pflag"
)

func TestFlagsTakeNoNonsense(t *testing.T) {
	for name, tc := range map[string]struct {
		flag      pflag.Value
		takes     []string
		doesNot   []string
		asWritten string // of the last one taken
	}{
		"a duration": {new(duration), []string{"0", "0s", "500ms", "1m30s"}, []string{"-3s", "-1ns", "3", "soon", ""}, "1m30s"},
		"a wait":     {new(waitFlag), []string{"default", "0s", "90s"}, []string{"-3s", "3", "soon"}, "1m30s"},
		"cores":      {new(cores), []string{"0", "0.5", "64"}, []string{"-1", "-0.1", "nan", "NaN", "inf", "+Inf", "-inf", "1e300", "two", ""}, "64"},
		"a size":     {new(sizeFlag), []string{"0", "512", "1.5G", "64m"}, []string{"-1", "nan", "inf", "1e300", "9000000000T", "5X", ""}, "64m"},
		"a count":    {new(amount), []string{"0", "3"}, []string{"-1", "1.5", "many", ""}, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range tc.takes {
				if err := tc.flag.Set(text); err != nil {
					t.Errorf("%q is refused: %v", text, err)
				}
			}
			for _, text := range tc.doesNot {
				if err := tc.flag.Set(text); err == nil {
					t.Errorf("%q is taken for %v", text, tc.flag)
				}
			}
			if got := tc.flag.String(); got != tc.asWritten {
				t.Errorf("got %s, want %s", got, tc.asWritten)
			}
		})
	}
}
