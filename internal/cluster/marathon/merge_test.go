package marathon

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dce/internal/diag"
)

// What the raw block leaves out is Marathon's to fill in: a number that is sent
// as 0 is none that was left out.
func TestTheRawBlockSendsWhatItSays(t *testing.T) {
	for name, test := range map[string]struct {
		key      string
		raw      any
		want     string
		warnings []string
	}{
		"a part of the upgrade": {"upgradeStrategy", map[string]any{"maximumOverCapacity": 0.25}, `{"maximumOverCapacity":0.25}`, nil},
		"a check of its own": {
			"healthChecks", []any{map[string]any{"protocol": "HTTP", "path": "/health"}}, `[{"path":"/health","protocol":"HTTP"}]`, nil,
		},
		"a check that says 0": {
			"healthChecks",
			[]any{map[string]any{"protocol": "TCP", "delaySeconds": 0, "maxConsecutiveFailures": 0}},
			`[{"delaySeconds":0,"maxConsecutiveFailures":0,"protocol":"TCP"}]`, nil,
		},
		"a file to fetch": {"fetch", []any{map[string]any{"uri": "x.tgz"}}, `[{"uri":"x.tgz"}]`, nil},
		"what only a newer Marathon knows": {
			"healthChecks",
			[]any{map[string]any{"protocol": "TCP", "newKey": 1}},
			`[{"newKey":1,"protocol":"TCP"}]`,
			[]string{`dce does not know the key "healthChecks.newKey" of Marathon's apps`},
		},
		"a newer key of a mapping": {
			"upgradeStrategy",
			map[string]any{"newKey": true},
			`{"newKey":true}`,
			[]string{`dce does not know the key "upgradeStrategy.newKey" of Marathon's apps`},
		},
		"labels of a port": {
			"portDefinitions",
			[]any{map[string]any{"name": "web", "labels": map[string]any{"VIP_0": "x:1"}}},
			`[{"labels":{"VIP_0":"x:1"},"name":"web"}]`, nil,
		},
		"nothing at all": {"healthChecks", nil, ``, nil},
	} {
		t.Run(name, func(t *testing.T) {
			app, problems := Build(Input{Project: "a", Environment: "b", Instances: 1, Raw: map[string]any{test.key: test.raw}})
			if got := keyOf(t, app, test.key); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if diff := cmp.Diff(test.warnings, summaries(problems)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheRawBlockIsMergedKeyByKey(t *testing.T) {
	half := 0.5
	in := Input{
		Project: "a", Environment: "b", Instances: 1, ExecutorURIs: []string{"http://a/dce"}, MinHealthy: &half,
		Raw: map[string]any{"upgradeStrategy": map[string]any{"maximumOverCapacity": 0.25}, "fetch": []any{map[string]any{"uri": "x.tgz"}}},
	}
	app, _ := Build(in)
	if got, want := keyOf(t, app, "upgradeStrategy"), `{"minimumHealthCapacity":0.5,"maximumOverCapacity":0.25}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := keyOf(t, app, "fetch"), `[{"cache":true,"executable":true,"extract":false,"uri":"http://a/dce"},{"uri":"x.tgz"}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// keyOf is what is sent for a key of an app.
func keyOf(t *testing.T, app App, key string) string {
	t.Helper()
	text, err := app.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return string(all[key])
}

func summaries(problems []diag.Diagnostic) []string {
	var words []string
	for _, p := range problems {
		words = append(words, p.Summary)
	}
	slices.Sort(words)
	return words
}

// Marathon gives every app a role, so that one that was asked for is noted.
func TestARoleThatIsAskedForIsNoted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in   Input
		want string
	}{
		"none":                               {Input{}, ""},
		"by the setting":                     {Input{Role: "prod"}, "prod"},
		"by the raw block":                   {Input{Role: "prod", Raw: map[string]any{"role": "qa"}}, "qa"},
		"where the raw block takes labels":   {Input{Role: "prod", Raw: map[string]any{"labels": nil}}, "prod"},
		"where the raw block takes the role": {Input{Role: "prod", Raw: map[string]any{"role": ""}}, ""},
	} {
		test.in.Project, test.in.Environment, test.in.Instances = "a", "b", 1
		if app, _ := Build(test.in); app.Labels[LabelRole] != test.want {
			t.Errorf("%s: noted %q, want %q", name, app.Labels[LabelRole], test.want)
		}
	}
}
