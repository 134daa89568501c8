package project

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
)

func TestWhereASecretMayBeUsed(t *testing.T) {
	for name, tc := range map[string]struct {
		service string
		more    map[string]string
		want    []string // beside DB_PASSWORD
		refused string
	}{
		"as a key of its own":  {service: `environment: {DB_PASSWORD: "${DB_PASSWORD}"}`},
		"in the value of keys": {service: `environment: ["URL=postgres://u:${DB_PASSWORD}@db", "OTHER=${DB_PASSWORD:-x}"]`, want: []string{"OTHER", "URL"}},
		"filled by another variable, which is one too": {
			service: `environment: {DB_PASSWORD: "${PW}", COPY: "${PW}"}`, want: []string{"COPY", "PW"},
		},
		"beside variables that are none": {
			service: `environment: {DB_PASSWORD: "x-${STAGE}-${PW}", URL: "http://${STAGE}/${DB_PASSWORD}"}
    command: [run, "${STAGE}"]`, want: []string{"URL"},
		},
		"in an env file": {
			service: `env_file: [web.env]`, more: map[string]string{"web.env": "URL=u:${DB_PASSWORD}@db\n"}, want: []string{"URL"},
		},
		"by the container itself": {service: `command: "run $$DB_PASSWORD"`},
		"in a command":            {service: `command: [run, "--pw=${DB_PASSWORD}"]`, refused: "web.command"},
		"in a config": {
			service: `configs: [c]`, more: map[string]string{"compose.override.yaml": "configs:\n  c: {environment: DB_PASSWORD}\n"}, refused: "c.environment",
		},
		"in a label": {service: `labels: {pw: "${DB_PASSWORD}"}`, refused: "web.labels.pw"},
		"in a command, by the variable that fills it": {
			service: `environment: {DB_PASSWORD: "${PW}"}
    command: "run ${PW}"`, refused: "web.command",
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{
				"dce.yaml":     "secrets: [DB_PASSWORD]\n",
				"compose.yaml": "services:\n  web:\n    image: a\n    " + tc.service + "\n",
			}
			maps.Copy(files, tc.more)
			p, err := Load(t.Context(), Options{Dir: writeFiles(t, files), Environ: []string{"DB_PASSWORD=hunter2", "PW=hunter3", "STAGE=qa"}})
			if tc.refused != "" {
				problems, _ := diag.Of(err)
				if len(problems) != 1 || problems[0].Code != "DCE705" || !strings.HasPrefix(problems[0].Summary, "a secret is used in "+tc.refused) || problems[0].Pos.Line == 0 {
					t.Fatalf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]string{"DB_PASSWORD"}, tc.want...), p.Config.Render.Secrets); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
