package cluster

import (
	"fmt"
	"strings"
	"testing"
)

func TestHistory(t *testing.T) {
	at := func(version, content string, instances int, replaces string) Release {
		return Release{Version: version, Instances: instances, Settings: map[string]string{"bundle": content}, Origin: Origin{Replaces: replaces}}
	}
	for name, test := range map[string]struct {
		releases []Release // newest first
		want     string
		before   string
	}{
		"one version": {[]Release{at("v1", "a", 1, "")}, "v1 current", ""},
		"two":         {[]Release{at("v2", "b", 1, ""), at("v1", "a", 1, "")}, "v2 current, v1 replaced", "v1"},
		"a failed one in between is not gone back to": {
			[]Release{at("v4", "d", 1, ""), at("v3", "a", 1, "v2"), at("v2", "b", 1, ""), at("v1", "a", 1, "")},
			"v4 current, v3 replaced, v2 rolled back, v1 replaced", "v3",
		},
		"after a rollback, the version that failed is not gone back to": {
			[]Release{at("v3", "a", 1, "v2"), at("v2", "b", 1, ""), at("v1", "a", 1, "")}, "v3 current, v2 rolled back, v1 replaced", "",
		},
		"scaled versions are no other release": {
			[]Release{at("v4", "b", 3, ""), at("v3", "b", 1, ""), at("v2", "a", 0, ""), at("v1", "a", 1, "")}, "v4 current, v3 replaced, v2 stopped, v1 replaced", "v1",
		},
		"the failed one was scaled before it was replaced": {
			[]Release{at("v4", "a", 3, "v3"), at("v3", "b", 3, ""), at("v2", "b", 1, ""), at("v1", "a", 1, "")},
			"v4 current, v3 rolled back, v2 rolled back, v1 replaced", "",
		},
		"it was scaled twice, and stopped": {
			[]Release{at("v6", "a", 1, "v5"), at("v5", "b", 3, ""), at("v4", "b", 0, ""), at("v3", "b", 2, ""), at("v2", "b", 1, ""), at("v1", "a", 1, "")},
			"v6 current, v5 rolled back, v4 rolled back, v3 rolled back, v2 rolled back, v1 replaced", "",
		},
		"it was deployed twice": {
			[]Release{at("v5", "c", 1, ""), at("v4", "a", 1, "v3"), at("v3", "b", 1, ""), at("v2", "b", 1, ""), at("v1", "a", 1, "")},
			"v5 current, v4 replaced, v3 rolled back, v2 rolled back, v1 replaced", "v4",
		},
		"what has failed once and was good the next time": {
			[]Release{at("v5", "c", 1, ""), at("v4", "b", 1, ""), at("v3", "a", 1, "v2"), at("v2", "b", 1, ""), at("v1", "a", 1, "")},
			"v5 current, v4 replaced, v3 replaced, v2 rolled back, v1 replaced", "v4",
		},
		"scaled in between": {[]Release{at("v3", "b", 2, ""), at("v2", "a", 2, ""), at("v1", "a", 1, "")}, "v3 current, v2 scaled, v1 replaced", "v2"},
		"none":              {nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			entries := Entries(test.releases)
			var words []string
			for _, e := range entries {
				words = append(words, fmt.Sprintf("%s %s", e.Version, e.Fate))
			}
			if got := strings.Join(words, ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			before := ""
			if e := Before(entries); e != nil {
				before = e.Version
			}
			if before != test.before {
				t.Errorf("goes back to %q, want %q", before, test.before)
			}
		})
	}
}
