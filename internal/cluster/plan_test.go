package cluster

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func release(version string, instances int, settings map[string]string, services map[string]map[string]string) *Release {
	return &Release{Version: version, Instances: instances, Settings: settings, Services: services}
}

func TestPlansInWords(t *testing.T) {
	services := func(image string) map[string]map[string]string {
		return map[string]map[string]string{"web": {"image": image, "environment.LEVEL": "info"}, "db": {"image": "db:1"}}
	}
	for name, test := range map[string]struct {
		running *Release
		wanted  *Release
		want    string
		summary string
	}{
		"a new app": {
			nil, release("", 2, map[string]string{"cpus": "1"}, map[string]map[string]string{"web": {"image": "web:1"}}),
			"+ web  service  web:1\n+ app  cpus     1\na new app with 2 instances", "2 added, 0 changed, 0 removed",
		},
		"the same": {
			release("v1", 2, map[string]string{"cpus": "1"}, services("web:1")), release("", 2, map[string]string{"cpus": "1"}, services("web:1")),
			"= db   unchanged\n= web  unchanged", "no changes",
		},
		"another image": {
			release("v1", 2, nil, services("web:1")), release("", 2, nil, services("web:2")),
			"= db   unchanged\n~ web  image      web:1 → web:2\n2 running instances will be replaced", "0 added, 1 changed, 0 removed",
		},
		"services come and go": {
			release("v1", 1, nil, map[string]map[string]string{"a": {"image": "a:1"}}), release("", 1, nil, map[string]map[string]string{"b": {"image": "b:1"}}),
			"- a  service  a:1\n+ b  service  b:1\n1 running instance will be replaced", "1 added, 0 changed, 1 removed",
		},
		"only more instances": {
			release("v1", 1, nil, services("web:1")), release("", 3, nil, services("web:1")),
			"= db   unchanged\n= web  unchanged\n~ app  instances  1 → 3\n2 instances will be started, none replaced", "0 added, 1 changed, 0 removed",
		},
		"fewer instances": {
			release("v1", 3, nil, services("web:1")), release("", 1, nil, services("web:1")),
			"= db   unchanged\n= web  unchanged\n~ app  instances  3 → 1\n2 instances will be stopped, none replaced", "0 added, 1 changed, 0 removed",
		},
		"a setting and a file that no service shows": {
			release("v1", 1, map[string]string{"mem": "128", SettingBundle: "sha256:a"}, services("web:1")),
			release("", 1, map[string]string{"mem": "256", SettingBundle: "sha256:b"}, services("web:1")),
			"= db   unchanged\n= web  unchanged\n~ app  bundle     sha256:a → sha256:b\n~ app  mem        128 → 256\n1 running instance will be replaced", "0 added, 2 changed, 0 removed",
		},
		"a file that a service shows": {
			release("v1", 1, map[string]string{SettingBundle: "sha256:a"}, services("web:1")),
			release("", 1, map[string]string{SettingBundle: "sha256:b"}, services("web:2")),
			"= db   unchanged\n~ web  image      web:1 → web:2\n1 running instance will be replaced", "0 added, 1 changed, 0 removed",
		},
		"a stopped app": {
			release("v1", 0, nil, services("web:1")), release("", 0, nil, services("web:2")),
			"= db   unchanged\n~ web  image      web:1 → web:2", "0 added, 1 changed, 0 removed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := Compare(test.running, *test.wanted)
			if diff := cmp.Diff(test.want, strings.Join(p.Lines(), "\n")); diff != "" {
				t.Error(diff)
			}
			if got := p.Summary(); got != test.summary {
				t.Errorf("got %q, want %q", got, test.summary)
			}
		})
	}
}

func TestOnlyAScaleLeavesInstancesAlone(t *testing.T) {
	for name, test := range map[string]struct {
		running, wanted *Release
		empty, scales   bool
	}{
		"nothing differs":              {release("v", 1, nil, nil), release("", 1, nil, nil), true, false},
		"the number differs":           {release("v", 1, nil, nil), release("", 2, nil, nil), false, true},
		"number and a setting differ":  {release("v", 1, nil, nil), release("", 2, map[string]string{"a": "b"}, nil), false, false},
		"there is no app, none wanted": {nil, release("", 0, nil, nil), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := Compare(test.running, *test.wanted)
			if p.Empty() != test.empty || p.OnlyScales() != test.scales {
				t.Errorf("empty %v, only scales %v", p.Empty(), p.OnlyScales())
			}
		})
	}
}

func TestAValueIsCutForALine(t *testing.T) {
	if got := short(strings.Repeat("ä", 100)); len([]rune(got)) != longest {
		t.Errorf("%d characters", len([]rune(got)))
	}
	if got := short("a\n  b"); got != "a b" {
		t.Errorf("got %q", got)
	}
}
