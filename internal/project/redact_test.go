package project

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRedactedEnvFilesKeepAllButTheValues(t *testing.T) {
	for name, tc := range map[string]struct {
		text, want string
		values     map[string]string
	}{
		"nothing is secret":            {"A=1\n# B=2\n", "A=1\n# B=2\n", nil},
		"a plain value":                {"A=1\nKEY=s3cret\nB=2\n", "A=1\nKEY\nB=2\n", map[string]string{"KEY": "s3cret"}},
		"the last line, without a end": {"A=1\nKEY=s3cret", "A=1\nKEY\n", map[string]string{"KEY": "s3cret"}},
		"an exported one":              {"export KEY=s3cret\n", "KEY\n", map[string]string{"KEY": "s3cret"}},
		"a colon":                      {"KEY: s3cret\nA: 1\n", "KEY\nA: 1\n", map[string]string{"KEY": "s3cret"}},
		"quotes, and a remark":         {"KEY=\"s3cret\" # mine\nA=1\n", "KEY\nA=1\n", map[string]string{"KEY": "s3cret"}},
		"a value of several lines":     {"KEY='s3\ncret'\nA=1\n", "KEY\nA=1\n", map[string]string{"KEY": "s3\ncret"}},
		"a name alone":                 {"KEY\nA=1\n", "KEY\nA=1\n", nil},
		"a key that only begins so":    {"KEYS=1\nMY_KEY=2\n", "KEYS=1\nMY_KEY=2\n", nil},
		"an equals sign in it":         {"KEY=a=b\n", "KEY\n", map[string]string{"KEY": "a=b"}},
		"nothing":                      {"KEY=\n", "KEY\n", map[string]string{"KEY": ""}},
		"twice":                        {"KEY=a1\nKEY=b2\n", "KEY\nKEY\n", map[string]string{"KEY": "b2"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, values := RedactEnv(tc.text, []string{"KEY"})
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if tc.values == nil {
				tc.values = map[string]string{}
			}
			if diff := cmp.Diff(tc.values, values); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}
