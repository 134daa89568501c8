package project

import (
	"fmt"
	"strings"
	"testing"

	"dce/internal/diag"
)

func TestLimits(t *testing.T) {
	many := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line, i)
		}
		return b.String()
	}
	large := "services:\n  base:\n    image: x\n    environment:\n" + many(2000, "      V%d: a\n")
	var doubling string
	for i := range 40 {
		doubling += fmt.Sprintf("V%d=\"$V%d${V%d}\"\n", i+1, i, i)
	}
	tests := map[string]struct {
		files map[string]string
		want  diag.Code
	}{
		"a file of 5 MiB":                    {map[string]string{"compose.yaml": "services: {web: {image: x}}\n" + strings.Repeat("# nothing\n", 5<<20/10)}, "DCE117"},
		"services that depend on all before": {map[string]string{"compose.yaml": dense(40)}, "DCE118"},
		"a file of many values":              {map[string]string{"compose.yaml": "services: {web: {image: x}}\nx-all:\n" + many(maxNodes, "  k%d: v\n")}, "DCE118"},
		"extending a large service":          {map[string]string{"compose.yaml": large + many(100, "  s%d: {extends: base}\n")}, "DCE118"},
		"one of another file":                {map[string]string{"base.yaml": large, "compose.yaml": "services:\n" + many(100, "  s%d: {extends: {file: base.yaml, service: base}}\n")}, "DCE118"},
		"a large env file":                   {map[string]string{"compose.yaml": "services: {web: {image: x, env_file: big.env}}\n", "big.env": strings.Repeat("A=1\n", 5<<20/4)}, "DCE117"},
		"an env file that doubles":           {map[string]string{"compose.yaml": "services: {web: {image: x}}\n", ".env": "V0=aaaaaaaaaaaaaaaaaaaa\n" + doubling}, "DCE118"},
		"a service's env file that doubles": {map[string]string{
			"compose.yaml": "services: {web: {image: x, env_file: big.env}}\n", "big.env": "V0='aaaaaaaaaaaaaaaaaaaa'\n" + doubling,
		}, "DCE118"},
		"many variables in one text": {map[string]string{"compose.yaml": "services: {web: {image: x, command: \"" + strings.Repeat("${A:-}", 4000) + "\"}}\n"}, "DCE118"},
		"a large variable, used often": {map[string]string{
			"compose.yaml": "services:\n" + many(200, "  s%d: {image: \"${BIG}\"}\n"), ".env": "BIG=" + strings.Repeat("a", 1<<20),
		}, "DCE118"},
		"a large dce.yaml":        {map[string]string{"compose.yaml": "services: {web: {image: x}}\n", "dce.yaml": strings.Repeat("# nothing\n", 5<<20/10)}, "DCE117"},
		"brackets without an end": {map[string]string{"compose.yaml": "x: " + strings.Repeat("[", 20000)}, "DCE103"},
		"many includes": {map[string]string{
			"compose.yaml": "include:\n" + many(300, "  - p%d.yaml\n") + "services: {web: {image: x}}\n", "p0.yaml": "services: {p: {image: x}}\n",
		}, "DCE118"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Load(t.Context(), isolated(writeFiles(t, tc.files)))
			l, _ := diag.Of(err)
			found := false
			for _, d := range l {
				found = found || d.Code == tc.want
			}
			if !found {
				t.Errorf("want %s, got %.300v", tc.want, err)
			}
		})
	}
}

func TestOrdinaryUseOfAnchorsIsNoBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("x-env: &env {A: a, B: b, C: c, D: d, E: e}\nx-service: &service\n  image: x\n  environment: *env\nservices:\n")
	for i := range 300 {
		fmt.Fprintf(&b, "  s%d:\n    <<: *service\n    command: run\n", i)
	}
	if _, err := Load(t.Context(), isolated(writeFiles(t, map[string]string{"compose.yaml": b.String()}))); err != nil {
		t.Fatalf("%.300v", err)
	}
}

// dense are services each of which depends on all before it.
func dense(n int) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&b, "  s%d: {image: x, depends_on: [", i)
		for on := range i {
			fmt.Fprintf(&b, "s%d, ", on)
		}
		b.WriteString("]}\n")
	}
	return b.String()
}
