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
			got, values := RedactEnv(tc.text, "", []string{"KEY"})
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

func TestARawEnvFileIsRedactedByItsOwnRules(t *testing.T) {
	for name, tc := range map[string]struct {
		text, want string
		values     map[string]string
	}{
		"nothing is secret":              {"A='1\n \n# KEY=x\nB=\"\r\n", "A='1\n \n# KEY=x\nB=\"\r\n", nil},
		"a plain value":                  {"A=1\n KEY=s3cret\nB=2\n", "A=1\nKEY\nB=2\n", map[string]string{"KEY": "s3cret"}},
		"quotes are part of it":          {"KEY='s3cret\nA=1\n", "KEY\nA=1\n", map[string]string{"KEY": "'s3cret"}},
		"a variable is none":             {"KEY=s3${X}cret\nA=1\n", "KEY\nA=1\n", map[string]string{"KEY": "s3${X}cret"}},
		"another key's quote is none":    {"A='1\nKEY=s3cret\nB='2\n", "A='1\nKEY\nB='2\n", map[string]string{"KEY": "s3cret"}},
		"a colon ends no key":            {"KEY:x=1\n", "KEY:x=1\n", nil},
		"the ends of lines of Windows":   {"A=1\r\nKEY=s3cret\r\nB=2\r\n", "A=1\r\nKEY\nB=2\r\n", map[string]string{"KEY": "s3cret"}},
		"a name alone":                   {"KEY\nA=1\n", "KEY\nA=1\n", nil},
		"the last line, without an end":  {"A=1\nKEY=s3cret", "A=1\nKEY\n", map[string]string{"KEY": "s3cret"}},
		"a byte order mark, and a blank": {"\ufeff KEY=s3cret\n", "\ufeffKEY\n", map[string]string{"KEY": "s3cret"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, values := RedactEnv(tc.text, "raw", []string{"KEY"})
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
