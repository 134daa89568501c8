package project

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
)

// What each line comes to is what docker/cli's kvfile makes of it, the parser
// that Docker Compose v5.5.1 reads such files with.
func TestARawEnvFileIsTakenAsItStands(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want map[string]string
	}{
		"quotes are part of the value":              {"A='x'\nB=\"y\"\n", map[string]string{"A": "'x'", "B": `"y"`}},
		"a variable is not filled in":               {"A=${HERE}$HERE\n", map[string]string{"A": "${HERE}$HERE"}},
		"a remark behind a value is part of it":     {"A=x # y\n", map[string]string{"A": "x # y"}},
		"blanks around a value are part of it":      {"A= x \t\n", map[string]string{"A": " x \t"}},
		"blanks before a key are not":               {" \tA=x\n", map[string]string{"A": "x"}},
		"empty lines and remarks are nothing":       {"\n# A=1\n  # B=2\n   \n", nil},
		"an equals sign may be in a value":          {"A=b=c\n", map[string]string{"A": "b=c"}},
		"a colon ends no key":                       {"a:b=c\n", map[string]string{"a:b": "c"}},
		"a value may be empty":                      {"A=\n", map[string]string{"A": ""}},
		"a key alone takes the variable":            {"HERE\n", map[string]string{"HERE": "here"}},
		"a key alone that nothing sets is left out": {"NOWHERE\n", nil},
		"the last line needs no end":                {"A=1\nB=2", map[string]string{"A": "1", "B": "2"}},
		"ends of lines may be those of Windows":     {"A=1\r\nB=2\r\n", map[string]string{"A": "1", "B": "2"}},
		"a byte order mark is not part of a key":    {"\ufeffA=1\n", map[string]string{"A": "1"}},
		"the last of two wins":                      {"A=1\nA=2\n", map[string]string{"A": "2"}},
		"export is no word of it":                   {"exported=1\n", map[string]string{"exported": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{
				"compose.yaml": "services: {web: {image: x, env_file: [{path: web.env, format: raw}]}}\n", "web.env": tc.text,
			})
			p, err := Load(t.Context(), Options{Dir: dir, Environ: []string{"HERE=here"}})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string(p.Compose.Services["web"].Environment.ToMapping())
			if tc.want == nil {
				tc.want = map[string]string{}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			if len(p.Compose.Services["web"].EnvFiles) > 0 {
				t.Errorf("env files are left: %v", p.Compose.Services["web"].EnvFiles)
			}
		})
	}
}

func TestEnvFilesOfBothFormatsKeepTheirOrder(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"compose.yaml": "services:\n  web:\n    image: x\n    environment: {C: service}\n    env_file:\n      - one.env\n      - {path: two.env, format: raw}\n      - three.env\n      - {path: none.env, format: raw, required: false}\n",
		"one.env":      "A='one'\nB=one\nC=one\n", "two.env": "B='two'\nC=two\n", "three.env": "D=${B}\n",
	})
	p, err := Load(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"A": "one", "B": "'two'", "C": "service", "D": "'two'"}
	if diff := cmp.Diff(want, map[string]string(p.Compose.Services["web"].Environment.ToMapping())); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestAWrongRawEnvFileIsToldWithItsLine(t *testing.T) {
	for name, tc := range map[string]struct{ format, text, want string }{
		"a blank in a key": {"raw", "A=1\nB C=s3cret\n", "web.env:2: error: this env file cannot be read: a key has a blank in it [DCE116]"},
		"no key":           {"raw", "A=1\n\n=s3cret\n", "web.env:3: error: this env file cannot be read: a line has no key [DCE116]"},
		"other than UTF-8": {"raw", "A=\xff\n", "web.env:1: error: this env file cannot be read: it is not UTF-8 [DCE116]"},
		"another format":   {"ini", "A=1\n", `compose.yaml:1:63: error: there is no env file format "ini" [DCE105]`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{
				"compose.yaml": "services: {web: {image: x, env_file: [{path: web.env, format: " + tc.format + "}]}}\n", "web.env": tc.text,
			})
			_, err := Load(t.Context(), Options{Dir: dir})
			l, _ := diag.Of(err)
			if len(l) != 1 || strings.ReplaceAll(l[0].String(), dir+string(filepath.Separator), "") != tc.want {
				t.Errorf("got %v, want %s", l, tc.want)
			}
			if strings.Contains(l[0].String()+l[0].Hint, "s3cret") {
				t.Errorf("a value is shown: %v", l)
			}
		})
	}
}
