package project

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
)

// What a compose secret or app.secrets names is a secret to every front, whoever
// calls it one.
func TestWhatIsASecretWithoutBeingCalledOne(t *testing.T) {
	const compose = "services:\n  web:\n    image: a\n    environment: {URL: \"u:${PW}@db\", OTHER: x}\n    secrets: [pw]\nsecrets:\n  pw: {environment: PW}\n"
	for name, tc := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"the variable of a compose secret": {map[string]string{"compose.yaml": compose}, []string{"PW", "URL"}},
		"what the app's secrets name": {map[string]string{
			"compose.yaml": "services: {web: {image: a, environment: {KEY: \"${KEY}\"}}}\n",
			"dce.yaml":     "app: {secrets: {KEY: \"env:CLUSTER_KEY\"}}\n",
		}, []string{"KEY"}},
		"no secret": {map[string]string{"compose.yaml": "services: {web: {image: \"a:${PW}\"}}\n"}, nil},
	} {
		for _, deploy := range []bool{false, true} {
			o := Options{Dir: writeFiles(t, tc.files), Environ: []string{"PW=hunter2", "KEY=hunter3"}, Deploy: deploy}
			p, err := Load(t.Context(), o)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(tc.want, p.Config.Render.Secrets); !deploy && diff != "" {
				t.Errorf("%s: -want +got:\n%s", name, diff)
			}
			if diff := cmp.Diff(tc.want, p.Parts().Keys); deploy && diff != "" {
				t.Errorf("%s, to be deployed: -want +got:\n%s", name, diff)
			}
		}
	}
}

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

// Of a text with several variables a deploy and a rendering take the same for the
// secret. Where neither can know which it is, no value of them travels.
func TestWhichVariablesOfATextAreTheSecret(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		environment string
		deployed    []string // secret variables beside KEY
		rendered    []string // secret keys beside KEY and URL
	}{
		"the one that is named as such":     {environment: `OTHER: "http://${HOST}:${PORT0}/?k=${KEY}"`, rendered: []string{"OTHER"}},
		"that one, twice":                   {environment: `OTHER: "${KEY}${KEY}"`, rendered: []string{"OTHER"}},
		"that one, in a key named too":      {environment: `URL: "http://${HOST}:${PORT0}/?k=${KEY}"`},
		"the only one of a key named":       {environment: `URL: "x-${PW}"`, deployed: []string{"PW"}, rendered: []string{"PW"}},
		"the only one, twice":               {environment: `URL: "${PW}${PW}"`, deployed: []string{"PW"}, rendered: []string{"PW"}},
		"the only one that is not a task's": {environment: `URL: "${PW}:${PORT0}"`, deployed: []string{"PW"}, rendered: []string{"PW"}},
		"one that another key tells": {
			environment: `{URL: "${STAGE}${PW}", KEY: "${PW}"}`, deployed: []string{"PW"}, rendered: []string{"PW"},
		},
		"one of which nobody knows": {environment: `URL: "${STAGE}${PW}"`, deployed: []string{"PW", "STAGE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.HasPrefix(tc.environment, "{") {
				tc.environment = "{" + tc.environment + "}"
			}
			o := Options{
				Dir: writeFiles(t, map[string]string{
					"dce.yaml":     "secrets: [KEY, URL]\nenvironments: {qa: {}}\n",
					"compose.yaml": "services:\n  web:\n    image: a\n    environment: " + tc.environment + "\n",
				}),
				Environ: []string{"KEY=hunter1", "PW=hunter2", "STAGE=qa"}, TaskEnv: map[string]string{"PORT0": "31000", "HOST": "here"},
			}
			p, err := Load(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]string{"KEY", "URL"}, tc.rendered...), p.Config.Render.Secrets); diff != "" {
				t.Errorf("rendered: -want +got:\n%s", diff)
			}
			o.Deploy, o.Environment = true, "qa"
			if p, err = Load(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			want := append([]string{"KEY", "URL"}, tc.deployed...)
			slices.Sort(want)
			if diff := cmp.Diff(want, p.Parts().Secret); diff != "" {
				t.Errorf("deployed: -want +got:\n%s", diff)
			}
		})
	}
}
