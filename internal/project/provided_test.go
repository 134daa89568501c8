package project

import (
	"strings"
	"testing"

	"dce/internal/diag"
)

func TestWhatASecretOrConfigCannotBeHadFromIsTold(t *testing.T) {
	for name, tc := range map[string]struct{ given, want string }{
		"a file":                      {`{file: here}`, ""},
		"a file that is not there":    {`{file: nowhere}`, "the file of KIND it cannot be mounted: DIR/nowhere: no such file or directory [DCE159]"},
		"a variable":                  {`{environment: SET}`, ""},
		"a variable that is empty":    {`{environment: EMPTY}`, ""},
		"a variable that nobody sets": {`{environment: UNSET}`, "KIND it comes from the variable UNSET, which is not set [DCE157]"},
		"a swarm":                     {`{external: true}`, "KIND it cannot be had: it says external [DCE158]"},
		"a template":                  {`{file: here, template_driver: golang}`, "KIND it cannot be had: it says template_driver [DCE158]"},
	} {
		for _, kind := range []string{"secret", "config"} {
			t.Run(kind+" from "+name, func(t *testing.T) {
				dir := writeFiles(t, map[string]string{"here": "x", "compose.yaml": `
services:
  a: {image: x, ` + kind + `s: [it]}
  b: {image: x, ` + kind + `s: [it]}
` + kind + `s:
  unused: {external: true}
  it: ` + tc.given + "\n"})
				p, err := Load(t.Context(), Options{Dir: dir, Environ: []string{"SET=x", "EMPTY="}})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, d := range p.Unavailable() {
					got = append(got, d.String())
				}
				want := ""
				if tc.want != "" {
					want = "DIR/compose.yaml:7:" // and a column
				}
				text := strings.ReplaceAll(strings.Join(got, "\n"), dir, "DIR")
				if !strings.HasPrefix(text, want) || !strings.HasSuffix(text, strings.ReplaceAll(tc.want, "KIND", kind)) || tc.want == "" && text != "" || len(got) > 1 {
					t.Errorf("got %s, want %s", text, tc.want)
				}
			})
		}
	}
}

// What a bundle says of a secret stands in the place of all that the file says.
func TestASecretFromElsewhereIsNoneOfASwarm(t *testing.T) {
	dir := writeFiles(t, map[string]string{"compose.yaml": "services: {web: {image: x, secrets: [it]}}\nsecrets: {it: {external: true}}\n"})
	p, err := Load(t.Context(), Options{Dir: dir, Environ: []string{"VALUE=x"}, Secrets: map[string]string{"it": "env:VALUE"}})
	if err != nil {
		t.Fatal(err)
	}
	if l := p.Unavailable(); len(l) > 0 {
		t.Errorf("got %v", l)
	}
	of := func(name string) diag.List {
		return p.Unsupported(func(secret string) bool { return secret == name })
	}
	if l := of("other"); len(l) > 0 {
		t.Errorf("got %v", l)
	}
}
